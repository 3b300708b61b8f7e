package wire

import (
	"bytes"
	"strings"
)

// maxText is more than any text of [Format] has, in bytes.
const maxText = 64 << 10

// Recognise reports whether text could be one that [Format] wrote, or another program's token: one line in one of the
// forms, or nothing. A key, a bundle or a file that a person wrote is not.
func Recognise(text []byte) bool {
	line := string(bytes.TrimSpace(text))
	switch {
	case line == "":
		return true
	case len(text) > maxText:
		return false
	case strings.HasPrefix(line, `header = "`): // the lines of curl's form
		return true
	case strings.ContainsAny(line, "\r\n"):
		return false
	case strings.HasPrefix(line, `{"access_token":`), strings.HasPrefix(line, `{"profile":`),
		strings.HasPrefix(line, "Authorization: Bearer "):
		return true
	}
	return !strings.HasPrefix(line, "cgpcred1.") && strings.Trim(line, token68) == ""
}

// token68 are the characters of a bearer token: RFC 6750, section 2.1.
const token68 = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~+/="
