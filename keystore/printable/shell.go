package printable

import (
	"runtime"
	"strings"
)

// MaxLine is how many bytes a message or hint has at most. A command in a longer hint could be cut within its quotes.
const MaxLine = maxLine

// Shell returns words as a command line to paste: for a POSIX shell, on Windows for PowerShell. A word that a shell would
// read in its own way is quoted; what no terminal prints is escaped, so that the text stays on one line.
func Shell(words ...string) string {
	quote := posix
	if runtime.GOOS == "windows" {
		quote = powerShell
	}
	quoted := make([]string, len(words))
	for i, word := range words {
		quoted[i] = quote(printed(word))
	}
	return strings.Join(quoted, " ")
}

// posix quotes a word as POSIX.1-2017 section 2.2.2 has it.
func posix(word string) string {
	if plain(word, "/._-+:@%,=") {
		return word
	}
	return "'" + strings.ReplaceAll(word, "'", `'\''`) + "'"
}

// powerShell quotes a word as about_Quoting_Rules has it.
func powerShell(word string) string {
	if plain(word, `/\._-+:=`) {
		return word
	}
	return "'" + strings.ReplaceAll(word, "'", "''") + "'"
}

// plain reports whether a shell takes word as it is: letters, digits and some other characters, no option, no assignment.
func plain(word, others string) bool {
	if word == "" || word[0] == '-' && !strings.HasPrefix(word, "--") || word[0] == '%' || word[0] == '@' {
		return false
	}
	name, _, assigns := strings.Cut(word, "=")
	if assigns && !strings.HasPrefix(name, "--") {
		return false
	}
	return strings.IndexFunc(word, func(r rune) bool {
		alnum := r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9'
		return !alnum && !strings.ContainsRune(others, r)
	}) < 0
}

// printed escapes what no terminal prints.
func printed(word string) string {
	var b strings.Builder
	for _, r := range word {
		b.WriteString(escape(r))
	}
	return b.String()
}
