package upstream

import (
	"fmt"
	"strings"
)

// Error is a configuration file or a command line that can't be used. It repeats names, and of the values none but a host
// or an API's name: any other may be secret.
type Error struct {
	Line    int // of the configuration file; 0: none
	Problem string

	next string
}

func (e *Error) Error() string {
	if e.Line > 0 {
		return fmt.Sprintf("line %d: %s", e.Line, e.Problem)
	}
	return e.Problem
}

// Hint is what to do next.
func (e *Error) Hint() string { return e.next }

const (
	hintHelp = "get_nhs_oauth_token --help"
	hintFile = "the file is lines such as: api_host: int.api.service.nhs.uk"
)

// unknownWord refuses a word, the number'th. It is repeated only where it looks like an option's name: a key that came to
// stand there would be shown.
func unknownWord(word string, number int) error {
	what := fmt.Sprintf("word %d of the command line is no option", number)
	if name, _, _ := strings.Cut(word, "="); optionLike(name) {
		what = "there is no option " + name
	}
	return &Error{Problem: what, next: hintHelp}
}

// optionLike reports that a name has two dashes and then some small letters, dashes and underscores.
func optionLike(name string) bool {
	rest, ok := strings.CutPrefix(name, "--")
	return ok && rest != "" && len(rest) <= 24 && strings.Trim(rest, "abcdefghijklmnopqrstuvwxyz-_") == ""
}
