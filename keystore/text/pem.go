package text

import "strings"

// PEM returns a PEM text (RFC 7468) without the changes that editors, chats and mail make: it removes invisible
// characters and quoting (> before each line), and writes line ends, dashes and the marks around BEGIN and END as they
// were. Text around the blocks may have any bytes. It refuses a placeholder.
func PEM(input string, raw []byte) (string, error) {
	s, err := decode(input, raw)
	if err != nil {
		return "", err
	}
	s = literal(strings.Map(ascii, strings.ToValidUTF8(s, "?")))
	ends := func(r rune) bool { return removable(r) || quoteKind(r) != 0 }
	s = withoutQuoting(s)
	s = strings.TrimRightFunc(strings.TrimLeftFunc(s, func(r rune) bool { return r == '>' || ends(r) }), ends)
	s = armour(s)
	if problem := unfilled(s); problem != "" && !strings.Contains(s, begin) {
		return "", bad(input, problem, hintUnfilled)
	}
	return s, nil
}

// literal replaces the line ends and slashes that JSON, .env files and CI systems write into a variable: \n, \\n, \/.
func literal(s string) string {
	if !strings.ContainsAny(s, "\\\r") {
		return s
	}
	var out strings.Builder
	cr := false // the last character was a carriage return
	for i := 0; i < len(s); i++ {
		end := i
		for end < len(s) && s[end] == '\\' {
			end++
		}
		c := byte(0)
		if end < len(s) {
			c = s[end]
		}
		escaped := end > i
		switch {
		case escaped && c != 'r' && c != 'n' && c != '/':
			out.WriteString(s[i:end])
			i, cr = end-1, false
			continue
		case escaped && c == '/':
			out.WriteByte('/')
		case escaped && c == 'n', c == '\n':
			if !cr {
				out.WriteByte('\n')
			}
		case escaped, c == '\r':
			out.WriteByte('\n')
		default:
			out.WriteByte(c)
		}
		i, cr = end, escaped && c == 'r' || !escaped && c == '\r'
	}
	return out.String()
}

const (
	marker = "-----"
	begin  = marker + "BEGIN "
)

// ascii maps a character to the ASCII character that it looks like; -1 removes it.
func ascii(r rune) rune {
	switch {
	case 0 < r && r < 0x80:
		return r
	case r == 0x85 || r == 0x2028 || r == 0x2029:
		return '\n'
	case dash(r):
		return '-'
	case wide(r):
		return ' '
	case invisible(r), r == 0:
		return -1
	}
	return r
}

// withoutQuoting removes the > before each line that a mail program put there.
func withoutQuoting(s string) string {
	if !strings.Contains(s, ">") {
		return s
	}
	lines := strings.Split(s, "\n")
	for i, line := range lines {
		for rest := strings.TrimLeft(line, " \t"); strings.HasPrefix(rest, ">"); rest = strings.TrimLeft(line, " \t") {
			line = strings.TrimPrefix(rest[1:], " ")
		}
		lines[i] = line
	}
	return strings.Join(lines, "\n")
}

// armour writes five dashes on both sides of each BEGIN and END mark. Chats make one of two, and people lose some when
// they copy.
func armour(s string) string {
	var out strings.Builder
	for s != "" {
		at, word := nextMark(s)
		if at < 0 {
			break
		}
		before, rest := s[:at], s[at+len(word):]
		left := strings.TrimRight(before, "-")
		label, after := cutLabel(rest)
		right := strings.TrimLeft(after, "-")
		lost := len(before) - len(left) + len(after) - len(right)
		ends := (left != before || left == "" || strings.HasSuffix(left, "\n")) &&
			(right != after || right == "" || right[0] == '\n')
		if label == "" || lost == 0 || !ends {
			out.WriteString(s[:at+len(word)])
			s = rest
			continue
		}
		out.WriteString(left + marker + word + label + marker)
		s = right
	}
	return out.String() + s
}

// nextMark finds BEGIN or END and the space after it.
func nextMark(s string) (at int, word string) {
	at = -1
	for _, w := range [...]string{"BEGIN ", "END "} {
		if i := strings.Index(s, w); i >= 0 && (at < 0 || i < at) {
			at, word = i, w
		}
	}
	return at, word
}

// cutLabel returns the capital letters, digits and spaces that s begins with.
func cutLabel(s string) (label, after string) {
	end := strings.IndexFunc(s, func(r rune) bool {
		return (r < 'A' || r > 'Z') && (r < '0' || r > '9') && r != ' '
	})
	if end < 0 {
		end = len(s)
	}
	for end > 0 && s[end-1] == ' ' {
		end--
	}
	return s[:end], s[end:]
}
