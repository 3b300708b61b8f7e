package text

import (
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"
)

// Kind says what a line is, which decides what is taken off.
type Kind struct {
	labels []string // how the name in an assignment before it may end: API_KEY=, apim_kid:
	words  []string // what programs write if a variable is not set
	secret bool     // it has no spaces, and no = except at its end
	path   bool     // nearly every character can be meant
}

// Kinds of lines.
var (
	APIKey = Kind{
		labels: []string{"key", "apikey", "token", "secret"}, secret: true,
		words: []string{"undefined", "null", "none", "changeme"},
	}
	Bundle  = Kind{labels: []string{"bundle"}, secret: true}
	KID     = Kind{labels: []string{"kid", "keyid"}, words: []string{"undefined", "null"}}
	Host    = Kind{labels: []string{"host", "hostname"}, words: []string{"undefined", "null"}}
	Profile = Kind{labels: []string{"profile"}}
	URL     = Kind{labels: []string{"url", "audience"}}
	Path    = Kind{path: true}

	Identity = Kind{labels: []string{"key", "identity"}, secret: true} // of age
	Other    = Kind{}                                                  // the rest: methods, formats, commands, numbers
)

// Line returns a value that is one line. It takes off line ends, spaces and invisible characters around it, quotes, and
// a NAME= before it. It refuses a placeholder, a second line, and characters that can't be seen or that look like
// others. input is the value's name in errors. Of a [Path] it only takes off.
func Line(input, given string, k Kind) (string, error) {
	if plain(given) && !k.word(given) && !k.elided(given) {
		return given, nil
	}
	whole, err := Decode(input, []byte(given))
	switch {
	case err != nil && k.path && strings.IndexByte(given, 0) < 0: // file names may have any bytes
		return strings.TrimRight(given, "\r\n"), nil
	case err != nil:
		return "", err
	}
	s := whole
	for before := s + "."; before != s; {
		before = s
		s = unquote(k.unassign(withoutMark(strings.TrimFunc(s, removable))))
	}
	if k.path {
		return s, nil
	}
	if problem := k.problem(s); problem != "" {
		return "", bad(input, problem, hintUnfilled)
	}
	skipped := utf8.RuneCountInString(whole[:strings.Index(whole, s)])
	if n, r := k.oddity(s); n > 0 {
		if r == '=' {
			return "", bad(input, fmt.Sprintf("it looks like NAME=VALUE, with the = at character %d", skipped+n),
				"give only the value")
		}
		return "", bad(input, fmt.Sprintf("character %d is %s", skipped+n, Describe(r)), hintAgain)
	}
	return s, nil
}

// IsPath reports whether odd characters within are left for the error of a missing file.
func (k Kind) IsPath() bool { return k.path }

// plain reports whether a line has only characters that are never an oddity: most lines, without further work.
func plain(s string) bool {
	for i := range len(s) {
		c := s[i]
		if ('a' > c || c > 'z') && ('A' > c || c > 'Z') && ('0' > c || c > '9') && c != '-' && c != '.' && c != '_' {
			return false
		}
	}
	return true
}

// unassign takes off a NAME= or "name": before a value, as .env files, shells and headers have them.
func (k Kind) unassign(s string) string {
	rest := s
	for _, verb := range [...]string{"export ", "set ", "setx ", "-e ", "ENV ", "$env:", "$Env:"} {
		rest = strings.TrimPrefix(rest, verb)
	}
	name, value, found := strings.Cut(rest, "=")
	if before, after, colon := strings.Cut(rest, ":"); colon && (!found || len(before) < len(name)) {
		name, value, found = before, after, strings.Trim(after, "0123456789") != "" // not a host and its port
	}
	name = unquote(strings.TrimSpace(name))
	if !found || !isName(name) || !k.named(name) {
		return s
	}
	return value
}

// named reports whether a variable of this name may hold such a value.
func (k Kind) named(name string) bool {
	name = strings.NewReplacer("_", "", "-", "", ".", "").Replace(strings.ToLower(name))
	return slices.ContainsFunc(k.labels, func(label string) bool {
		return strings.HasSuffix(name, label) || len(label) > 5 && strings.Contains(name, label)
	})
}

// problem says that a value stands for another one, or returns nothing.
func (k Kind) problem(s string) string {
	if problem := unfilled(s); problem != "" {
		return problem
	}
	switch {
	case k.word(s):
		return fmt.Sprintf("it is the word %s, not a value", s)
	case k.elided(s):
		return "it holds ..., so a part of it was left out"
	}
	return ""
}

// word reports whether s is a word that programs write if they have no value.
func (k Kind) word(s string) bool {
	const longest = 20
	if len(k.words) == 0 || s == "" || len(s) > longest {
		return false
	}
	return slices.Contains(k.words, strings.NewReplacer("_", "", "-", "", " ", "").Replace(strings.ToLower(s)))
}

// elided reports whether a program left out the middle of a secret to show it.
func (k Kind) elided(s string) bool {
	return k.secret && (strings.Contains(s, "...") || strings.Contains(s, "\u2026"))
}

// oddity returns the first character that is refused, and its number from 1; 0: none.
func (k Kind) oddity(s string) (int, rune) {
	n, last := 0, utf8.RuneCountInString(s)
	for at, r := range s {
		n++
		quote := quoteKind(r) != 0
		switch {
		case quote && n != 1 && n != last: // an apostrophe
		case quote, r != ' ' && (Strange(r) || r == '\n'):
			return n, r
		case k.secret && r == '=' && isName(s[:at]) && strings.Trim(s[at:], "=") != "":
			return n, r
		}
	}
	return 0, 0
}
