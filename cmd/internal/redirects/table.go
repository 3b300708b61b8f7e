package redirects

import (
	"fmt"
	"regexp"
	"strings"
)

// The lines around the table in a document.
const (
	Begin = "<!-- redirects: written by make redirects -->"
	End   = "<!-- redirects end -->"
)

const tableHead = `| client | version | token: same host | other port | other host | API key: other host | ~/.netrc |
|---|---|---|---|---|---|---|
`

// Row is a line of the table: a client, or one of its safe ways.
type Row struct {
	Name    string
	Version string // empty below the client's first row
	Result
}

// Rows returns the names of the rows that the table has, in order.
func Rows() []string {
	var names []string
	for _, c := range Clients {
		names = append(names, rowName(c, c.Header))
		for _, w := range c.Safe {
			names = append(names, rowName(c, w))
		}
	}
	return names
}

// rowName is what a row is called: unlike what is printed, it is different for each row.
func rowName(c Client, w Way) string {
	if w.Name == "" {
		return c.Name
	}
	return c.Name + ": " + w.Name
}

// String is the line of a row.
func (r Row) String() string {
	bold := func(o Outcome) string {
		if o == Sent || o == PasswordSent {
			return "**" + string(o) + "**"
		}
		return string(o)
	}
	name := r.Name
	if _, way, safe := strings.Cut(r.Name, ": "); safe {
		name = "… " + way
	}
	return fmt.Sprintf("| %s | %s | %s | %s | %s | %s | %s |",
		name, r.Version, r.Origin, bold(r.Port), bold(r.Host), bold(r.Key), bold(r.Netrc))
}

var block = regexp.MustCompile(`(?s)` + regexp.QuoteMeta(Begin) + "\n(.*?)" + regexp.QuoteMeta(End))

// ParseTable returns the rows of the table in a document.
func ParseTable(document string) ([]Row, error) {
	m := block.FindStringSubmatch(document)
	if m == nil {
		return nil, fmt.Errorf("there is no line %s with a line %s below it", Begin, End)
	}
	text, ok := strings.CutPrefix(m[1], tableHead)
	if !ok {
		return nil, fmt.Errorf("the table does not begin with\n%s", tableHead)
	}
	var rows []Row
	client := ""
	for line := range strings.Lines(text) {
		line = strings.TrimSuffix(line, "\n")
		cells := strings.Split(strings.Trim(strings.ReplaceAll(line, "**", ""), "|"), " | ")
		if len(cells) != 7 {
			return nil, fmt.Errorf("the row %q has %d cells", line, len(cells))
		}
		for i := range cells {
			cells[i] = strings.TrimSpace(cells[i])
		}
		r := Row{
			Name: cells[0], Version: cells[1],
			Result: Result{
				Outcome(cells[2]), Outcome(cells[3]), Outcome(cells[4]), Outcome(cells[5]), Outcome(cells[6]),
			},
		}
		if way, safe := strings.CutPrefix(cells[0], "… "); safe {
			r.Name = client + ": " + way
		} else {
			client = r.Name
		}
		rows = append(rows, r)
	}
	return rows, nil
}

// ReplaceTable returns a document with other rows.
func ReplaceTable(document string, rows []Row) string {
	var b strings.Builder
	b.WriteString(Begin + "\n" + tableHead)
	for _, r := range rows {
		b.WriteString(r.String() + "\n")
	}
	b.WriteString(End)
	return block.ReplaceAllLiteralString(document, b.String())
}
