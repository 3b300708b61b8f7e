package upstream

import (
	"fmt"
	"strings"
	"unicode/utf8"

	"cgp-cred/keystore/fault"
	"cgp-cred/keystore/text"
)

// bad returns the error of a command line, or of command line and configuration file together. It repeats names,
// hosts and API names, but no other value, because it may be secret.
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
	hintFile = "write each setting on its own line, such as: api_host: int.api.service.nhs.uk"
)

// unknownWord returns the error of an unknown word, the number'th. It repeats the word only if it looks like an
// option's name: otherwise it could show a key that was put there by mistake.
func unknownWord(word string, number int) error {
	what := fmt.Sprintf("word %d of the command line is not an option", number)
	if name, _, _ := strings.Cut(word, "="); optionLike(name) {
		what = "there is no option " + name
	}
	if r, _ := utf8.DecodeRuneInString(word); r >= utf8.RuneSelf && text.Strange(r) {
		what += ": it begins with " + text.Describe(r)
	}
	return bad(hintHelp, what)
}

// optionLike reports whether a name has two dashes and then some small letters, dashes and underscores.
func optionLike(name string) bool {
	rest, ok := strings.CutPrefix(name, "--")
	return ok && rest != "" && len(rest) <= 24 && strings.Trim(rest, "abcdefghijklmnopqrstuvwxyz-_") == ""
}
