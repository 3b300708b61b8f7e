package printable

import (
	"runtime"
	"strings"
)

// MaxLine is the most bytes of a message or a hint. A longer hint is not shown, because [Line] could cut it inside
// quotes.
const MaxLine = maxLine

// maxShell is the most bytes of arguments that [Shell] shows.
const maxShell = 900

// Shell returns a command line that a POSIX shell, or PowerShell on Windows, splits into exactly these arguments: it
// puts each into single quotes if needed. The line is printable and safe to paste. A character that [Line]
// does not print is escaped, and an argument that is too long is cut inside its quotes; such an argument is no
// longer the same.
func Shell(args ...string) string {
	if runtime.GOOS == "windows" {
		return powerShell.line(args)
	}
	return posix.line(args)
}

// syntax is how a shell quotes a word.
type syntax struct {
	quote string // replaces a single quote within single quotes
	plain string // the characters besides letters and digits that need no quotes
}

var (
	posix      = syntax{quote: `'\''`, plain: "/._-+:@%,"} // POSIX.1-2017 section 2.2
	powerShell = syntax{quote: "''", plain: `/\._-+:`}     // about_Quoting_Rules
)

func (s syntax) line(args []string) string {
	var b strings.Builder
	for i, arg := range args {
		if i > 0 {
			b.WriteByte(' ')
		}
		if b.Len() >= maxShell {
			b.WriteString("...")
			break
		}
		b.WriteString(s.word(arg, maxShell-b.Len()))
	}
	return b.String()
}

// word quotes one argument, and cuts it if its text has more than limit bytes.
func (s syntax) word(arg string, limit int) string {
	if arg != "" && len(arg) <= limit && strings.IndexFunc(arg, s.special) < 0 {
		return arg
	}
	var b strings.Builder
	b.WriteByte('\'')
	for _, r := range arg {
		piece := show(r)
		if r == '\'' {
			piece = s.quote
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

// special reports whether a shell may treat a character as special.
func (s syntax) special(r rune) bool {
	alnum := r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9'
	return !alnum && !strings.ContainsRune(s.plain, r)
}
