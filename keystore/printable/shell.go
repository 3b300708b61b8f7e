package printable

import "strings"

// maxShell is how many bytes of arguments [Shell] shows. With two of them a hint is still shorter than what [Line]
// cuts: a cut inside quotes would turn text into commands.
const maxShell = 900

// Shell returns a command line that a POSIX shell splits into these arguments: each is in single quotes if it needs
// them. The result is one printable line that is safe to paste. What is not printable ASCII is escaped, as [Text] does,
// and what does not fit is cut inside its quotes: neither is the same argument any more.
func Shell(args ...string) string {
	var b strings.Builder
	for i, arg := range args {
		if i > 0 {
			b.WriteByte(' ')
		}
		if b.Len() >= maxShell {
			b.WriteString("...")
			break
		}
		b.WriteString(shellWord(arg, maxShell-b.Len()))
	}
	return b.String()
}

// shellWord quotes one argument, and cuts it if its text has more than limit bytes.
func shellWord(arg string, limit int) string {
	if arg != "" && len(arg) <= limit && strings.IndexFunc(arg, special) < 0 {
		return arg
	}
	var b strings.Builder
	b.WriteByte('\'')
	for _, r := range arg {
		piece := escape(r)
		if r == '\'' {
			piece = `'\''`
		}
		if b.Len()-1+len(piece) > limit {
			b.WriteString("...")
			break
		}
		b.WriteString(piece)
	}
	b.WriteByte('\'')
	return b.String()
}

// special reports a character that may mean something to a shell.
func special(r rune) bool {
	alnum := r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9'
	return !alnum && !strings.ContainsRune("/._-+:@%,", r)
}
