// Package printable makes text that is not our own safe to print: replies of servers and helpers, certificates, paths.
package printable

import (
	"strconv"
	"strings"
)

// limit is how many bytes of foreign text a message shows at most.
const limit = 200

// maxLine is how many bytes a message of ours has at most.
const maxLine = 2048

// Text returns s as printable ASCII: anything else is escaped as Go would (\n, \x1b, \u202e), and what is longer than
// 200 bytes is cut and marked. Surrounding blanks are removed. The result never holds a line break, an ANSI sequence or
// a workflow command at a line's start, as long as the caller puts words of its own before it.
func Text(s string) string {
	s = strings.TrimSpace(s)
	var b strings.Builder
	for _, r := range s {
		piece := escape(r)
		if b.Len()+len(piece) > limit-len("...") {
			b.WriteString("...")
			break
		}
		b.WriteString(piece)
	}
	return b.String()
}

// Line returns a whole message of ours with every character escaped that a terminal would not print. It is the last
// net, under [Text]: a path or a name that came through uncut still can't start a line or colour the terminal.
//
// Of a message that is longer than any of ours, for a path in it has no end, the middle is left out.
func Line(s string) string {
	if over := len(s) - maxLine; over > 0 {
		s = s[:maxLine/2] + " ... " + s[len(s)-maxLine/2:]
	}
	clean := true
	for i := 0; i < len(s); i++ {
		if s[i] < 0x20 || s[i] > 0x7e {
			clean = false
			break
		}
	}
	if clean {
		return s
	}
	var b strings.Builder
	for _, r := range s {
		b.WriteString(escape(r))
	}
	return b.String()
}

// escape returns r itself where it is printable ASCII, else its Go escape.
func escape(r rune) string {
	if r >= 0x20 && r <= 0x7e {
		return string(r)
	}
	q := strconv.QuoteRuneToASCII(r)
	return q[1 : len(q)-1]
}
