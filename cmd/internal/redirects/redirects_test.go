package redirects

import (
	"flag"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"testing"

	"cgp-cred/keystore/keystoretest"
)

var update = flag.Bool("update", false, "write what the clients do into docs/clients.md")

var (
	repository = filepath.Join("..", "..", "..")
	document   = filepath.Join(repository, "docs", "clients.md")
)

func TestMain(m *testing.M) {
	flag.Parse()
	os.Exit(keystoretest.Main(m))
}

func readDocument(t *testing.T) string {
	t.Helper()
	raw, err := os.ReadFile(document)
	if err != nil {
		t.Fatal(err)
	}
	return string(raw)
}

// The clients that most machines have do what the table says. Their safe ways are played with the redirect that matters
// most.
func TestRedirects(t *testing.T) {
	t.Parallel()
	playAll(t, slices.DeleteFunc(slices.Clone(Clients), func(c Client) bool { return !c.Cheap }), Host)
}

// playAll plays redirects with clients, with their safe ways only some, and compares what they do with the table. With
// -update it writes that into the table. Rows of clients that are missing here stay.
func playAll(t *testing.T, clients []Client, safe ...Case) {
	keystoretest.Require(t, keystoretest.Linux)
	p := newPlayer(t)
	rows, err := ParseTable(readDocument(t))
	if err != nil {
		t.Fatal(err)
	}
	documented := map[string]Row{}
	for _, r := range rows {
		documented[r.Name] = r
	}
	var mu sync.Mutex
	seen := map[string]Row{}
	for _, c := range clients {
		t.Run(c.Name, func(t *testing.T) {
			t.Parallel()
			version := p.version(c)
			if version == "" {
				keystoretest.Missing(t, c.Name, c.Package)
			}
			for _, r := range playClient(t, p, c, version, safe) {
				mu.Lock()
				seen[r.Name] = r
				mu.Unlock()
				if d := documented[r.Name]; !*update && !r.agrees(d.Result) {
					t.Errorf("%s %s did this:\n%s\ndocs/clients.md says of %s:\n%s\nmake redirects writes the table",
						r.Name, version, r, d.Version, d)
				}
			}
		})
	}
	t.Cleanup(func() {
		if *update {
			writeTable(t, documented, seen)
		}
	})
}

// newPlayer returns a player with the programs and npm packages of .tools.
func newPlayer(t *testing.T) *player {
	t.Helper()
	s, err := newServer()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.close)
	tools, err := filepath.Abs(filepath.Join(repository, ".tools"))
	if err != nil {
		t.Fatal(err)
	}
	p := &player{server: s, folder: t.TempDir(), tools: []string{tools, filepath.Join(tools, "newer")}}
	npm := filepath.Join(tools, "npm", "node_modules")
	if _, err := os.Stat(npm); err == nil {
		p.tools, p.npm = append(p.tools, filepath.Join(npm, ".bin")), npm
	}
	return p
}

// playClient returns the rows of one client.
func playClient(t *testing.T, p *player, c Client, version string, safe []Case) []Row {
	t.Helper()
	var rows []Row
	for i, w := range slices.Insert(slices.Clone(c.Safe), 0, c.Header) {
		cases := safe
		if i == 0 {
			cases = append(slices.Clone(Cases), Netrc)
		}
		r, err := p.play(c, w, cases...)
		if err != nil {
			t.Errorf("%s: %v", rowName(c, w), err)
			continue
		}
		row := Row{Name: rowName(c, w), Result: r}
		if i == 0 {
			row.Version = version
		}
		t.Log(row)
		rows = append(rows, row)
	}
	return rows
}

// writeTable writes the rows that were seen, and keeps the other ones.
func writeTable(t *testing.T, documented, seen map[string]Row) {
	t.Helper()
	var rows []Row
	for _, name := range Rows() {
		r, ok := seen[name]
		if !ok {
			r, ok = documented[name]
		}
		if !ok {
			r = Row{Name: name, Version: "not run"}
		}
		rows = append(rows, r)
	}
	text := ReplaceTable(readDocument(t), rows)
	if err := os.WriteFile(document, []byte(text), 0o644); err != nil {
		t.Error(err)
	}
}
