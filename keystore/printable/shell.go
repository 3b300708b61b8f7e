package printable

import (
	"runtime"
	"strings"
)

// MaxLine is how many bytes a message or a hint has at most. A longer hint is not shown: [Line] could cut it inside
// quotes.
const MaxLine = maxLine

// maxShell is how many bytes of arguments [Shell] shows.
const maxShell = 900

// Shell returns a command line that a POSIX shell, on Windows PowerShell, splits into exactly these arguments: each is
// put into single quotes if it needs them. It is one printable line that is safe to paste: what is not printable ASCII
// is shown escaped, as [Text] does, and what does not fit is cut inside its quotes. Neither of those is the same
// argument any more.
func Shell(args ...string) string {
	if runtime.GOOS == "windows" {
		return powerShell.line(args)
	}
	return posix.line(args)
}

// syntax is how a shell is told not to read a word in its own way.
type syntax struct {
	quote string // stands for a single quote within single quotes
	plain string // what needs no quotes, besides letters and digits
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
		piece := escape(r)
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

// special reports a character that may mean something to a shell.
func (s syntax) special(r rune) bool {
	alnum := r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9'
	return !alnum && !strings.ContainsRune(s.plain, r)
}
