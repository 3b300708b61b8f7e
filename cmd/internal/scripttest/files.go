package scripttest

import (
	"encoding/base64"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"

	"github.com/rogpeppe/go-internal/testscript"
)

// same-text FILE FILE... checks that files hold the same text. stdout and stderr are the last command's.
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

// trimmed returns a file's text without spaces around it.
func trimmed(ts *testscript.TestScript, file string) string {
	return strings.TrimSpace(ts.ReadFile(file))
}

// replace FILE REGEXP TEXT edits a file. If nothing matches, it fails.
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

// write-lines FILE LINE... writes lines to a file, for a text with variables. "write-lines FILE" makes an empty file.
func writeLines(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) == 0 {
		ts.Fatalf("usage: write-lines FILE LINE...")
	}
	var text strings.Builder
	for _, line := range args[1:] {
		text.WriteString(line + "\n")
	}
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), []byte(text.String()), 0o600))
}

// read-variable NAME FILE sets a variable to a file's text, without spaces around it.
func readVariable(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: read-variable NAME FILE")
	}
	ts.Setenv(args[0], trimmed(ts, args[1]))
}

// write-base64 FILE TO writes a file's text in base64, on one line.
func writeBase64(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: write-base64 FILE TO")
	}
	text := base64.StdEncoding.EncodeToString([]byte(ts.ReadFile(args[0])))
	ts.Check(os.WriteFile(ts.MkAbs(args[1]), []byte(text), 0o600))
}

// no-files FOLDER... checks that folders are empty, or absent.
func noFiles(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) == 0 {
		ts.Fatalf("usage: no-files FOLDER...")
	}
	for _, folder := range args {
		found, err := os.ReadDir(ts.MkAbs(folder))
		if len(found) > 0 || err != nil && !errors.Is(err, fs.ErrNotExist) {
			ts.Fatalf("%s: %v, %v", folder, found, err)
		}
	}
}
