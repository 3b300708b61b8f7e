package program

import (
	"path/filepath"
	"strings"
)

// Bounds of a command: it is kept in a record, which has no room for more.
const (
	maxWords   = 16
	maxCommand = 512
)

// Split makes an argv of a command as a user gives it: words between blanks, without quotes and without a shell. The
// first must be an absolute path. Errors are *[CommandError].
func Split(command string) ([]string, error) {
	argv := strings.Fields(command)
	return argv, Check(argv)
}

// Check returns nil where argv can be run and kept: its first word is an absolute path, all are printable ASCII, and
// there are not too many. Errors are *[CommandError].
func Check(argv []string) error {
	if len(argv) == 0 {
		return &CommandError{Problem: "it is empty"}
	}
	if !filepath.IsAbs(argv[0]) {
		return &CommandError{Command: argv[0], Problem: "its first word is not an absolute path"}
	}
	size := 0
	for _, word := range argv {
		size += len(word) + 1
		for i := range len(word) {
			if word[i] <= ' ' || word[i] > '~' {
				return &CommandError{Command: argv[0], Problem: "a word of it is not printable ASCII"}
			}
		}
		if word == "" {
			return &CommandError{Command: argv[0], Problem: "a word of it is empty"}
		}
	}
	if len(argv) > maxWords || size > maxCommand {
		return &CommandError{Command: argv[0], Problem: "it has more than 16 words or 512 characters"}
	}
	return nil
}
