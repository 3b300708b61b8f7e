package main

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"cgp-cred/cmd/internal/scripttest"
)

// threatRow is a row of the table in SECURITY.md: number, attack, answer, tests.
var threatRow = scripttest.Pattern(`(?m)^\| (\d+) \| [^|]+ \| [^|]+ \| ([^|]+) \|$`)

// testName is a script, or a test function, as the table names it.
var testName = scripttest.Pattern("`([A-Za-z0-9-]+)(\\.txtar)?`")

const threatRows = 50

// SECURITY.md names tests for each attack, and they exist: scripts, and test functions of any package.
func TestEachThreatIsPlayed(t *testing.T) {
	t.Parallel()
	root := filepath.Join("..", "..")
	text, err := os.ReadFile(filepath.Join(root, "SECURITY.md"))
	if err != nil {
		t.Fatal(err)
	}
	known := testFunctions(t, root)
	rows := threatRow().FindAllSubmatch(text, -1)
	for i, row := range rows {
		if n, err := strconv.Atoi(string(row[1])); err != nil || n != i+1 {
			t.Errorf("row %d has the number %s", i+1, row[1])
		}
		tests := testName().FindAllSubmatch(row[2], -1)
		if len(tests) == 0 {
			t.Errorf("row %d names no test", i+1)
		}
		for _, test := range tests {
			name := string(test[1])
			if len(test[2]) == 0 && !slices.Contains(known, name) {
				t.Errorf("row %d: no test function is called %s", i+1, name)
			}
			if _, err := os.Stat(filepath.Join("testdata", "script", name+".txtar")); len(test[2]) > 0 && err != nil {
				t.Errorf("row %d: %v", i+1, err)
			}
		}
	}
	if len(rows) != threatRows {
		t.Errorf("%d rows, want %d", len(rows), threatRows)
	}
	// The table also names each script that plays an attack or looks for leaks.
	scripts := scripttest.Glob("testdata", "script", "threat-*.txtar")
	for _, script := range append(scripts, scripttest.Glob("testdata", "script", "leak*.txtar")...) {
		if name := filepath.Base(script); !strings.Contains(string(text), "`"+name+"`") {
			t.Errorf("%s is not named", name)
		}
	}
}

// testFunctions returns the names of the test functions below a folder.
func testFunctions(t *testing.T, root string) []string {
	t.Helper()
	function := regexp.MustCompile(`(?m)^func (Test\w+)\(t \*testing\.T\)`)
	var names []string
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if d != nil && d.Name() == ".tools" { // other people's programs
			if d.IsDir() {
				return fs.SkipDir
			}
			return nil
		}
		if err != nil || !strings.HasSuffix(path, "_test.go") {
			return err
		}
		text, err := os.ReadFile(path)
		for _, m := range function.FindAllSubmatch(text, -1) {
			names = append(names, string(m[1]))
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return names
}
