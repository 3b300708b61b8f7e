package program

import (
	"path/filepath"
	"strings"

	"cgp-cred/keystore/fault"
	"cgp-cred/keystore/printable"
)

// Limits of a command: a record has no room for a longer one.
const (
	maxWords   = 16
	maxCommand = 512
)

// Split returns the argv of a command that a user gave: words between spaces, without quotes and without a shell. The
// first must be an absolute path.
func Split(command string) ([]string, error) {
	argv := strings.Fields(command)
	return argv, Check(argv)
}

// Check returns nil if argv can be run and stored: its first word is an absolute path, all words are printable ASCII,
// and there are not too many.
func Check(argv []string) error {
	if len(argv) == 0 {
		return bad("", "it is empty")
	}
	if !filepath.IsAbs(argv[0]) {
		return bad(argv[0], "its first word is not an absolute path")
	}
	size := 0
	for _, word := range argv {
		size += len(word) + 1
		for i := range len(word) {
			if word[i] <= ' ' || word[i] > '~' {
				return bad(argv[0], "a word of it is not printable ASCII")
			}
		}
		if word == "" {
			return bad(argv[0], "a word of it is empty")
		}
	}
	if len(argv) > maxWords || size > maxCommand {
		return bad(argv[0], "it has more than 16 words or 512 characters")
	}
	return nil
}

// bad returns the error of a command that can't be run or stored; first is its first word.
func bad(first, problem string) error {
	const hint = `give an absolute path and its arguments, split on spaces, not run through a shell: ` +
		`"/opt/hsm/sign --slot 3"; put anything else into a script`
	what := "command"
	if first != "" {
		what = "command " + printable.Quote(first)
	}
	return fault.New(fault.Usage, hint, "%s: %s", what, problem)
}
