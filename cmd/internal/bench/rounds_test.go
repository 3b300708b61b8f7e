package main

import (
	"context"
	"errors"
	"math"
	"slices"
	"strings"
	"testing"
	"time"
)

// scripted is a subject whose values are given, the last one for ever; each turn is noted.
func scripted(name string, turns *[]string, values ...float64) subject {
	n := -1
	return subject{name: name, measure: func(context.Context) (float64, error) {
		*turns = append(*turns, name)
		n++
		return values[min(n, len(values)-1)], nil
	}}
}

func count(turns []string, name string) int {
	n := 0
	for _, turn := range turns {
		if turn == name {
			n++
		}
	}
	return n
}

func TestRoundsAlternate(t *testing.T) {
	t.Parallel()
	var turns []string
	subjects := []subject{scripted("a", &turns, 1), scripted("b", &turns, 1), scripted("c", &turns, 1)}
	if _, err := (plan{rounds: 3}).measure(t.Context(), subjects, nil, nil); err != nil {
		t.Fatal(err)
	}
	if got := strings.Join(turns, ""); got != "abc"+"cba"+"abc" {
		t.Errorf("turns %s", got)
	}
}

// A row that is clearly good or clearly bad costs no more rounds; one that noise leaves open gets them, with its
// subjects alone, until it is clear.
func TestMoreRoundsForWhatIsOpen(t *testing.T) {
	t.Parallel()
	var turns []string
	noisy := append(spreadOut(11, 1.05, 0.4), 1) // and steady from then on
	subjects := []subject{
		scripted("base", &turns, 1), scripted("good", &turns, 1), scripted("bad", &turns, 3), scripted("noisy", &turns, noisy...),
		scripted("bystander", &turns, 1),
	}
	rows := []row{{of: "good", beside: "base", limit: 2}, {of: "bad", beside: "base"}, {of: "noisy", beside: "base"}}
	recorded := map[string]float64{"bad/base": 1, "noisy/base": 1}
	verdicts, err := plan{rounds: 11, most: 100, patience: time.Minute}.measure(t.Context(), subjects, rows, recorded)
	if err != nil {
		t.Fatal(err)
	}
	if got := []string{verdicts[0].problem(), verdicts[1].problem(), verdicts[2].problem()}; !slices.Equal(got, []string{"", "200 % MORE THAN RECORDED", ""}) {
		t.Errorf("problems: %q", got)
	}
	for _, v := range verdicts {
		if !v.sure() {
			t.Errorf("%s is left open", v.row.id())
		}
	}
	for _, name := range []string{"good", "bad", "bystander"} {
		if n := count(turns, name); n != 11 {
			t.Errorf("%s had %d turns, want 11", name, n)
		}
	}
	if n := count(turns, "noisy"); n <= 11 || n >= 100 || n != count(turns, "base") {
		t.Errorf("noisy had %d turns and base %d, want more than 11, equally many", n, count(turns, "base"))
	}
}

// Noise without end is bounded by rounds and by time; then the median decides about the limit, and nothing is called a
// regression.
func TestRoundsAreBounded(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name     string
		patience time.Duration
		want     int
	}{{"rounds", time.Minute, 33}, {"time", 0, fewest}} {
		var turns []string
		var wild []float64
		for i := range 33 {
			wild = append(wild, spreadOut(11, 1.3, 0.9)[5*i%11])
		}
		subjects := []subject{scripted("wild", &turns, wild...), scripted("base", &turns, 1)}
		verdicts, err := plan{rounds: 11, most: 33, patience: tt.patience}.measure(t.Context(), subjects,
			[]row{{of: "wild", beside: "base"}, {of: "wild", beside: "base", limit: 1.1}}, map[string]float64{"wild/base": 1})
		if err != nil {
			t.Fatal(err)
		}
		if n := count(turns, "wild"); n != tt.want {
			t.Errorf("%s: %d turns, want %d", tt.name, n, tt.want)
		}
		if free, limited := verdicts[0], verdicts[1]; free.sure() || free.problem() != "" || limited.sure() || limited.problem() == "" {
			t.Errorf("%s: %q and %q, sure: %t and %t, want the second one to fail, and neither sure",
				tt.name, free.problem(), limited.problem(), free.sure(), limited.sure())
		}
	}
}

func TestAbsent(t *testing.T) {
	t.Parallel()
	var turns []string
	missing := scripted("missing", &turns, 1)
	missing.absent = "it is not installed"
	verdicts, err := plan{rounds: 6, most: 12, patience: time.Minute}.measure(t.Context(),
		[]subject{missing, scripted("base", &turns, 1)}, []row{{of: "missing", beside: "base", limit: 1}}, nil)
	if err != nil {
		t.Fatal(err)
	}
	if v := verdicts[0]; !math.IsNaN(v.ratio) || v.absent != missing.absent || v.problem() != "" || count(turns, "missing") > 0 {
		t.Errorf("%+v after %v", v, turns)
	}
	if _, err := newRecord(verdicts); err == nil || !strings.Contains(err.Error(), missing.absent) {
		t.Errorf("%v, want it not recorded", err)
	}
}

func TestMeasureFails(t *testing.T) {
	t.Parallel()
	broken := errors.New("broken")
	subjects := []subject{{name: "a", measure: func(context.Context) (float64, error) { return 0, broken }}}
	if _, err := (plan{rounds: 1}).measure(t.Context(), subjects, nil, nil); !errors.Is(err, broken) || !strings.HasPrefix(err.Error(), "a: ") {
		t.Errorf("%v", err)
	}
	ctx, stop := context.WithCancel(t.Context())
	stop()
	if _, err := (plan{rounds: 1}).measure(ctx, nil, nil, nil); !errors.Is(err, context.Canceled) {
		t.Errorf("%v", err)
	}
}
