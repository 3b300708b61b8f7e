package redirects

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// elsewhere are the tests of clients that no recipe runs: a file, and what it must hold.
var elsewhere = map[string][2]string{
	"igv.js": {"helper/serve/viewer/clients_test.go", "func TestClientsChromiumDraws("},
}

var (
	link    = regexp.MustCompile(`^\[(.+)\]\(([^()#]*)(#[^()]*)?\)$`)
	heading = regexp.MustCompile(`(?m)^(#+) (.+)$`)
)

// The table of every client says what tests run, and what the table of redirects says of the client's own header.
func TestEveryClientIsMarked(t *testing.T) {
	t.Parallel()
	text := readDocument(t)
	rows, err := ParseTable(text)
	if err != nil {
		t.Fatal(err)
	}
	listed := clientRows(t, text)
	if len(listed) < 40 {
		t.Errorf("%d clients are found", len(listed))
	}
	var named []string
	for _, cells := range listed {
		name, run := cells[0], []string(nil)
		if m := link.FindStringSubmatch(cells[0]); m != nil {
			name = m[1]
			if strings.Contains(section(t, m[2], m[3]), "<!-- tested: ") {
				run = append(run, "recipe")
			}
		}
		named = append(named, name)
		if file, ok := elsewhere[name]; ok {
			raw, err := os.ReadFile(filepath.Join(repository, filepath.FromSlash(file[0])))
			if err != nil || !strings.Contains(string(raw), file[1]) {
				t.Errorf("%s: %s has no %s: %v", name, file[0], file[1], err)
			}
			run = append(run, "test")
		}
		want := "not known"
		if i := slices.IndexFunc(rows, func(r Row) bool { return isOf(r, name) }); i >= 0 {
			run = append(run, "redirect")
			want = rows[i].lost()
		}
		if got := cells[3]; got != want && (want != "not known" || got != "-") {
			t.Errorf("%s: a redirect gets %q, want %q", name, got, want)
		}
		if len(run) == 0 {
			run = []string{"not run"}
		}
		if got := cells[4]; got != strings.Join(run, ", ") {
			t.Errorf("%s: tests %q, want %q", name, got, strings.Join(run, ", "))
		}
	}
	for _, c := range Clients {
		if !slices.ContainsFunc(named, func(name string) bool { return isOf(Row{Name: c.Name}, name) }) {
			t.Errorf("%s is played, and the table of every client does not have it", c.Name)
		}
	}
}

// isOf reports whether a row of redirects is one of the client.
func isOf(r Row, client string) bool {
	rest, ok := strings.CutPrefix(r.Name, client)
	return ok && (rest == "" || rest[0] == ' ' || rest[0] == ',')
}

// lost says what gets to another place.
func (r Result) lost() string {
	var what []string
	switch {
	case r.Host == Sent:
		what = append(what, "token")
	case r.Port == Sent:
		what = append(what, "token (ports)")
	}
	if r.Key == Sent {
		what = append(what, "API key")
	}
	if len(what) == 0 {
		return "nothing"
	}
	return strings.Join(what, ", ")
}

// clientRows returns the cells of the table of every client.
func clientRows(t *testing.T, text string) [][]string {
	t.Helper()
	_, text, ok := strings.Cut(text, "\n## Every client\n")
	if !ok {
		t.Fatal("there is no heading: Every client")
	}
	text, _, _ = strings.Cut(text, "\n## ")
	var rows [][]string
	for line := range strings.Lines(text) {
		if !strings.HasPrefix(line, "| ") || strings.HasPrefix(line, "| client |") {
			continue
		}
		cells := strings.Split(strings.Trim(strings.TrimSpace(line), "|"), " | ")
		if len(cells) != 5 {
			t.Errorf("the row has %d cells: %s", len(cells), line)
			continue
		}
		for i := range cells {
			cells[i] = strings.TrimSpace(cells[i])
		}
		rows = append(rows, cells)
	}
	return rows
}

// section returns what is below a heading of a document, with its smaller headings, or a whole document.
func section(t *testing.T, file, anchor string) string {
	t.Helper()
	if file == "" {
		file = "clients.md"
	}
	raw, err := os.ReadFile(filepath.Join(repository, "docs", file))
	if err != nil {
		t.Error(err)
		return ""
	}
	text := string(raw)
	if anchor == "" {
		return text
	}
	begin, level := -1, 0
	for _, m := range heading.FindAllStringSubmatchIndex(text, -1) {
		depth := m[3] - m[2]
		if begin >= 0 && depth <= level {
			return text[begin:m[0]]
		}
		if begin < 0 && "#"+anchorOf(text[m[4]:m[5]]) == anchor {
			begin, level = m[0], depth
		}
	}
	if begin < 0 {
		t.Errorf("%s has no heading %s", file, anchor)
		return ""
	}
	return text[begin:]
}

// anchorOf is the name that GitHub gives to a heading.
func anchorOf(heading string) string {
	plain := regexp.MustCompile(`[^a-z0-9 _-]`).ReplaceAllString(strings.ToLower(heading), "")
	return strings.ReplaceAll(plain, " ", "-")
}
