// Package printable makes foreign text safe to print: replies of servers and helpers, certificates, paths.
package printable

import (
	"strconv"
	"strings"
	"unicode"
)

// limit is the most bytes of foreign text that a message shows.
const limit = 200

// maxLine is the most bytes of a whole message.
const maxLine = 2048

// Text returns s as printable ASCII. It escapes all other characters as Go does (\n, \x1b, \u202e), cuts and marks what
// is longer than 200 bytes, and trims spaces. If the caller puts its own words before the result, no line break, ANSI
// sequence or workflow command can get into the output.
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

// Quote returns s in double quotes, as printable ASCII of at most 200 bytes. Spaces at its ends stay, because they may
// be what is wrong.
func Quote(s string) string {
	q := strconv.QuoteToASCII(s)
	for most := limit; len(q) > limit; most-- {
		q = strconv.QuoteToASCII(s[:min(len(s), most)])
		q = q[:len(q)-1] + `..."`
	}
	return q
}

// Line returns a whole message and escapes every character that a terminal would not print. It is the last check after
// [Text]: a path or a name that was not cut still can't start a line or colour the terminal. Letters, digits and
// accents of all scripts stay, as the user's own paths have them.
//
// A message can be too long because a path has no limit. Line then leaves the middle out.
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
		b.WriteString(show(r))
	}
	return b.String()
}

// show returns r itself if it is visible or printable ASCII, otherwise its Go escape.
func show(r rune) string {
	if visible(r) {
		return string(r)
	}
	return escape(r)
}

// visible reports whether r is a letter, a digit or an accent that a terminal shows. Format characters, such as those
// that change the direction, are none; neither are letters that show as nothing.
func visible(r rune) bool {
	return unicode.In(r, unicode.L, unicode.Nd, unicode.Mn, unicode.Mc) &&
		!unicode.In(r, unicode.Other_Default_Ignorable_Code_Point, unicode.Variation_Selector)
}

// escape returns r itself if it is printable ASCII, otherwise its Go escape.
func escape(r rune) string {
	if r >= 0x20 && r <= 0x7e {
		return string(r)
	}
	q := strconv.QuoteRuneToASCII(r)
	return q[1 : len(q)-1]
}
