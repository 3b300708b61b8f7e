package main

import (
	"os"
	"path/filepath"
	"regexp"

	"github.com/rogpeppe/go-internal/testscript"
)

// recipe NAME runs the lines that README.md prints under <!-- tested: NAME -->, as a user would paste them into bash.
func recipe(ts *testscript.TestScript, neg bool, args []string) {
	if len(args) != 1 {
		ts.Fatalf("usage: recipe NAME")
	}
	needs(of(ts), "bash", "bash")
	text, err := os.ReadFile(filepath.Join(of(ts).repository, "README.md"))
	ts.Check(err)
	block := regexp.MustCompile("(?s)<!-- tested: " + regexp.QuoteMeta(args[0]) + " -->\n```sh\n(.*?)```").FindSubmatch(text)
	if block == nil {
		ts.Fatalf("README.md has no recipe %q", args[0])
	}
	if err := ts.Exec("bash", "-c", string(block[1])); (err != nil) != neg {
		ts.Fatalf("recipe %s: %v", args[0], err)
	}
}
