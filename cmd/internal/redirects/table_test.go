package redirects

import (
	"slices"
	"strings"
	"testing"
)

// The table of the documents has a row for each client and safe way, in their order, and is what is written.
func TestTableIsWhole(t *testing.T) {
	t.Parallel()
	text := readDocument(t)
	rows, err := ParseTable(text)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, r := range rows {
		names = append(names, r.Name)
		for _, o := range []Outcome{r.Origin, r.Port, r.Host, r.Key} {
			if !slices.Contains([]Outcome{Sent, KeptBack, NotFollowed, NotPossible}, o) {
				t.Errorf("%s: %q is no outcome", r.Name, o)
			}
		}
	}
	if want := Rows(); !slices.Equal(names, want) {
		t.Errorf("the table has the rows\n%s\nwant\n%s\nmake redirects writes it",
			strings.Join(names, "\n"), strings.Join(want, "\n"))
	}
	if got := ReplaceTable(text, rows); got != text {
		t.Error("the table was changed by hand: make redirects writes it")
	}
	slices.Sort(names)
	if len(slices.Compact(names)) != len(rows) {
		t.Error("two rows have the same name")
	}
}

// Mistakes in a table are found.
func TestParseTableRefuses(t *testing.T) {
	t.Parallel()
	row := "| a | 1.2 | sent | kept back | **sent** | - | ignored |\n"
	for name, text := range map[string]string{
		"":                 Begin + "\n" + tableHead + row + End,
		"no mark":          tableHead + row + End,
		"no end":           Begin + "\n" + tableHead + row,
		"another head":     Begin + "\n" + strings.Replace(tableHead, "client", "program", 1) + row + End,
		"a cell too few":   Begin + "\n" + tableHead + strings.Replace(row, " 1.2 |", "", 1) + End,
		"a cell too many":  Begin + "\n" + tableHead + strings.Replace(row, " 1.2 |", " 1.2 | x |", 1) + End,
		"a line too many":  Begin + "\n" + tableHead + row + "\n" + End,
		"text after a row": Begin + "\n" + tableHead + row + "sent to nowhere\n" + End,
	} {
		if rows, err := ParseTable(text); (err != nil) != (name != "") {
			t.Errorf("%s: %v, error %v", name, rows, err)
		}
	}
}

// What the servers saw decides. A client that sent nothing, or stopped on the way, is an error and keeps nothing back.
func TestOutcome(t *testing.T) {
	t.Parallel()
	with, without := true, false
	at := func(hop int, token bool) hit { return hit{hop: hop, token: token} }
	for name, c := range map[string]struct {
		hits []hit
		want Outcome
	}{
		"nothing came":                   {nil, ""},
		"no header at all":               {[]hit{at(0, without), at(1, without), at(2, without)}, ""},
		"no header at first":             {[]hit{at(0, without), at(1, with), at(2, with)}, ""},
		"only the later hops came":       {[]hit{at(1, without), at(2, without)}, ""},
		"it stops":                       {[]hit{at(0, with)}, NotFollowed},
		"it asks twice and stops":        {[]hit{at(0, without), at(0, with)}, NotFollowed},
		"it stops on the way":            {[]hit{at(0, with), at(1, without)}, ""},
		"it keeps the header back":       {[]hit{at(0, with), at(1, without), at(2, without)}, KeptBack},
		"it sends the header":            {[]hit{at(0, with), at(1, with), at(2, with)}, Sent},
		"only to the first other place":  {[]hit{at(0, with), at(1, with), at(2, without)}, Sent},
		"only to the second one":         {[]hit{at(0, with), at(1, without), at(2, with)}, Sent},
		"it sends the header and stops":  {[]hit{at(0, with), at(1, with)}, Sent},
		"it tries without, then with it": {[]hit{at(0, with), at(1, without), at(1, with), at(2, without)}, Sent},
		"back and forth without one": {
			[]hit{at(0, with), at(1, without), at(0, with), at(1, without), at(2, without)}, KeptBack,
		},
	} {
		if got, err := outcome(c.hits, hasToken); got != c.want || (err != nil) != (c.want == "") {
			t.Errorf("%s: %q, error %v, want %q", name, got, err, c.want)
		}
	}
}

// One header says nothing of the other one, and a case that was not played nothing at all.
func TestResult(t *testing.T) {
	t.Parallel()
	both := func(hop int, token, key bool) hit { return hit{hop: hop, token: token, key: key} }
	hits := map[Case][]hit{Host: {both(0, true, true), both(1, false, true), both(2, false, true)}}
	got, err := result(hits, false)
	want := Result{Host: KeptBack, Key: Sent}
	if err != nil || got != want {
		t.Errorf("%+v, error %v, want %+v", got, err, want)
	}
	if got, err = result(hits, true); err != nil || got.Key != NotPossible {
		t.Errorf("without an API key: %+v, error %v", got, err)
	}
	whole := Result{Sent, KeptBack, KeptBack, Sent, HeaderSent}
	if !want.agrees(whole) || whole.agrees(want) || !whole.agrees(whole) {
		t.Error("a part agrees with the whole, and not the other way round")
	}
	for _, other := range []Result{
		{Host: Sent, Key: Sent}, {Host: KeptBack, Key: KeptBack}, {Origin: KeptBack}, {Netrc: PasswordSent},
	} {
		if other.agrees(whole) {
			t.Errorf("%+v agrees with %+v", other, whole)
		}
	}
	delete(hits, Host)
	hits[Port] = []hit{both(0, true, false)}
	if got, err = result(hits, false); err != nil || got != (Result{Port: NotFollowed}) {
		t.Errorf("%+v, error %v", got, err)
	}
	hits[Netrc] = []hit{both(2, true, true)}
	if got, err = result(hits, false); err != nil || got.Netrc != HeaderSent {
		t.Errorf("the header was sent: %+v, error %v", got, err)
	}
	hits[Netrc] = append(hits[Netrc], hit{hop: 2, password: true})
	if got, err = result(hits, false); err != nil || got.Netrc != PasswordSent {
		t.Errorf("a password was sent: %+v, error %v", got, err)
	}
	hits[Netrc] = []hit{both(2, false, true)}
	if got, err = result(hits, false); err == nil {
		t.Errorf("neither was sent: %+v", got)
	}
	delete(hits, Netrc)
	hits[Host] = nil
	if got, err = result(hits, false); err == nil {
		t.Errorf("no request came, and the result is %+v", got)
	}
}
