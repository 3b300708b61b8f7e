package upstream

import (
	"fmt"
	"strings"

	"cgp-cred/keystore/fault"
)

// bad returns the error of a command line, or of what it and the configuration file say together. It repeats names, and
// of the values none but a host or an API's name: any other may be secret.
func bad(hint, problem string) error { return fault.New(fault.Usage, hint, "%s", problem) }

// badConfig returns the error of a configuration file, with its name and the line; 0: unknown.
func badConfig(file string, line int, hint, problem string) error {
	if line > 0 {
		file = fmt.Sprintf("%s:%d", file, line)
	}
	return bad(hint, file+": "+problem)
}

const (
	hintHelp = "get_nhs_oauth_token --help"
	hintFile = "the file is lines such as: api_host: int.api.service.nhs.uk"
)

// unknownWord refuses a word, the number'th. It is repeated only where it looks like an option's name: a key that came
// to stand there would be shown.
func unknownWord(word string, number int) error {
	what := fmt.Sprintf("word %d of the command line is no option", number)
	if name, _, _ := strings.Cut(word, "="); optionLike(name) {
		what = "there is no option " + name
	}
	return bad(hintHelp, what)
}

// optionLike reports that a name has two dashes and then some small letters, dashes and underscores.
func optionLike(name string) bool {
	rest, ok := strings.CutPrefix(name, "--")
	return ok && rest != "" && len(rest) <= 24 && strings.Trim(rest, "abcdefghijklmnopqrstuvwxyz-_") == ""
}
