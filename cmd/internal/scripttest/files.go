package scripttest

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"

	"github.com/rogpeppe/go-internal/testscript"
)

// same A B... holds that files are equal; stdout and stderr are the last command's.
func sameText(ts *testscript.TestScript, neg bool, args []string) {
	if len(args) < 2 {
		ts.Fatalf("usage: same-text FILE FILE...")
	}
	for _, file := range args[1:] {
		if equal := trimmed(ts, file) == trimmed(ts, args[0]); equal == neg {
			ts.Fatalf("%s and %s: equal is %v", args[0], file, equal)
		}
	}
}

// Glob returns the files that match a pattern, whose parts are joined to a path.
func Glob(parts ...string) []string {
	found, err := filepath.Glob(filepath.Join(parts...))
	if err != nil {
		panic(err)
	}
	return found
}

// trimmed is a file's content without blanks around it.
func trimmed(ts *testscript.TestScript, file string) string {
	return strings.TrimSpace(ts.ReadFile(file))
}

// replace FILE REGEXP TEXT changes a file, as an editor would. What matches nothing is an error.
func replace(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 3 {
		ts.Fatalf("usage: replace FILE REGEXP TEXT")
	}
	re, err := regexp.Compile("(?m)" + args[1])
	ts.Check(err)
	file := ts.MkAbs(args[0])
	before := ts.ReadFile(args[0])
	after := re.ReplaceAllString(before, args[2])
	if after == before {
		ts.Fatalf("%s: nothing matches %q, or it changes nothing", args[0], args[1])
	}
	info, err := os.Stat(file)
	ts.Check(err)
	ts.Check(os.WriteFile(file, []byte(after), info.Mode().Perm()))
}
