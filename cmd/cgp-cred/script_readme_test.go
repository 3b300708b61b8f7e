package main

import (
	"os"
	"path/filepath"
	"regexp"

	"github.com/rogpeppe/go-internal/testscript"

	"cgp-cred/keystore/keystoretest"
)

// recipe NAME [FILE] runs the lines that README.md, or another file of the repository, prints under
// <!-- tested: NAME -->: those of sh as a user would paste them into bash, those of python by $PYTHON.
func recipe(ts *testscript.TestScript, neg bool, args []string) {
	if len(args) != 1 && len(args) != 2 {
		ts.Fatalf("usage: recipe NAME [FILE]")
	}
	file := append(args, "README.md")[1]
	text, err := os.ReadFile(filepath.Join(of(ts).repository, filepath.FromSlash(file)))
	ts.Check(err)
	block := regexp.MustCompile("(?s)<!-- tested: " + regexp.QuoteMeta(args[0]) + " -->\n```(sh|python)\n(.*?)```").FindSubmatch(text)
	if block == nil {
		ts.Fatalf("%s has no recipe %q", file, args[0])
	}
	program := "bash"
	if string(block[1]) == "python" {
		program = ts.Getenv("PYTHON")
	}
	keystoretest.Need(of(ts), program, program)
	if err := ts.Exec(program, "-c", string(block[2])); (err != nil) != neg {
		ts.Fatalf("recipe %s: %v", args[0], err)
	}
}
