package text

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// invisible reports whether r has no shape: zero-width and bidirectional characters, soft hyphens, tags, fillers.
func invisible(r rune) bool {
	switch r {
	case 0x034f, 0x115f, 0x1160, 0x17b4, 0x17b5, 0x180b, 0x180c, 0x180d, 0x180f, 0x3164, 0xffa0:
		return true
	}
	return r > 0x7f && unicode.Is(unicode.Cf, r)
}

// dash reports whether r looks like a hyphen and is none.
func dash(r rune) bool {
	return r >= 0x2010 && r <= 0x2015 || r == 0x2212 || r == 0xfe58 || r == 0xfe63 || r == 0xff0d
}

// wide reports whether r looks like a space and is none.
func wide(r rune) bool { return r > 0x7f && unicode.IsSpace(r) }

// removable reports whether r is taken off at the ends of a line: it can't be seen there.
func removable(r rune) bool { return r == 0x1a || unicode.IsSpace(r) || invisible(r) }

// Strange reports whether r can't be seen, or looks like an ASCII character that it is not. A line break is none.
func Strange(r rune) bool {
	if r < 0x80 {
		return r < ' ' && r != '\n' || r == 0x7f
	}
	return r < 0xa0 || invisible(r) || dash(r) || wide(r) || quoteKind(r) != 0
}

// quoteKind returns which quotes r may close; 0: it is no quote. Typographic quotes come in several pairs, and people
// mix them.
func quoteKind(r rune) byte {
	switch r {
	case '"', '\'', '`':
		return byte(r)
	case 0x201c, 0x201d, 0x201e, 0x201f, 0x2033, 0xff02:
		return 'D'
	case 0x2018, 0x2019, 0x201a, 0x201b, 0x2032, 0xff07, 0xb4:
		return 'S'
	case 0xab, 0xbb, 0x2039, 0x203a:
		return 'A'
	}
	return 0
}

// unquote takes off one pair of quotes.
func unquote(s string) string {
	first, before := utf8.DecodeRuneInString(s)
	last, after := utf8.DecodeLastRuneInString(s)
	if len(s) < before+after || quoteKind(first) == 0 || quoteKind(first) != quoteKind(last) {
		return s
	}
	return s[before : len(s)-after]
}

// Describe says what an odd character is, with its number if it can't be seen.
func Describe(r rune) string {
	switch r {
	case ' ':
		return "a space"
	case '\t':
		return `a tab (\t)`
	case '\r':
		return `a line break (\r)`
	case '\n':
		return `a line break (\n)`
	case '"', '\'', '`':
		return fmt.Sprintf("a quote (%c)", r)
	case '\\':
		return "a backslash"
	}
	code := fmt.Sprintf("U+%04X", r)
	switch {
	case dash(r):
		return code + ", a typographic dash"
	case quoteKind(r) != 0:
		return code + ", a typographic quote"
	case wide(r):
		return code + ", a space that is not an ordinary one"
	case invisible(r):
		return code + ", which can't be seen"
	case unicode.IsControl(r):
		return code + ", a control character"
	case r > 0x7f:
		return code + ", which is not ASCII"
	}
	return "not allowed there"
}

const hintUnfilled = "give the value itself; if a variable should hold it, check that it is set and that something " +
	"replaces its name"

// unfilled says that a value is a placeholder, or holds one, or returns nothing.
func unfilled(s string) string {
	for _, pair := range [...][2]string{{"${", "}"}, {"$(", ")"}, {"{{", "}}"}} {
		if _, rest, found := strings.Cut(s, pair[0]); found {
			if name, _, closed := strings.Cut(rest, pair[1]); closed {
				return "it holds " + shown(pair[0]+name+pair[1]) + ", which was not replaced by its value"
			}
		}
	}
	whole := strings.TrimPrefix(s, "$")
	whole = strings.TrimPrefix(strings.TrimPrefix(whole, "env:"), "Env:")
	switch n := len(s); {
	case n > 1 && s[0] == '$' && isName(whole), n > 2 && s[0] == '%' && s[n-1] == '%' && isName(s[1:n-1]),
		n > 2 && s[0] == '<' && s[n-1] == '>' && !strings.ContainsAny(s[1:n-1], "<>!?\n"):
		return "it is " + shown(s) + ", which was not replaced by its value"
	}
	for _, mask := range [...]string{"***", "\u2022\u2022\u2022", "\u25cf\u25cf\u25cf", "[redacted]", "[REDACTED]"} {
		if strings.Contains(s, mask) {
			return "it holds " + shown(mask) + ", which hides a value and is not the value"
		}
	}
	return ""
}

// shown returns a placeholder in ASCII, and cuts a long one: it is not sure what is in it.
func shown(s string) string {
	const most = 40
	text := fmt.Sprintf("%+q", s)
	text = text[1 : len(text)-1]
	if len(text) > most {
		text = text[:most] + "..."
	}
	return text
}

// isName reports whether s can be a variable's name.
func isName(s string) bool {
	for i := range len(s) {
		c := s[i]
		letter := c == '_' || 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z'
		if !letter && (i == 0 || (c < '0' || c > '9') && c != '-' && c != '.') {
			return false
		}
	}
	return s != ""
}
