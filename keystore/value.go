package keystore

import (
	"fmt"

	"cgp-cred/keystore/fault"
)

// BadValue returns the error of a value that can't be what it is given as: what is wrong with it, which never holds a
// secret, and how to get a good one.
func BadValue(what, problem, hint string) error {
	return fault.New(fault.Usage, hint, "%s: %s", what, problem)
}

// CheckAPIKey returns nil if s can be an API key: printable ASCII (0x21 to 0x7e) without quote or backslash, so that
// it needs no escaping in a header, a curl config or JSON.
func CheckAPIKey(s string) error {
	const hint = "copy the API key again from the developer hub, without quotes, spaces or line breaks around it"
	if problem := APIKeyProblem(s); problem != "" {
		return BadValue("API key", problem, hint)
	}
	return nil
}

// APIKeyProblem says what is wrong with an API key, or returns nothing.
func APIKeyProblem(s string) string {
	if s == "" {
		return "it is empty"
	}
	for i := range len(s) {
		if c := s[i]; c <= ' ' || c > '~' || c == '"' || c == '\\' {
			return fmt.Sprintf("character %d is %s", i+1, describe(c))
		}
	}
	return ""
}

// CheckToken returns nil if s is a b64token of RFC 6750, section 2.1: letters, digits and -._~+/, with any = at the
// end.
func CheckToken(s string) error {
	const hint = "this is not what API Management issues: look for a proxy in between with `cgp-cred doctor`"
	end := len(s)
	for end > 0 && s[end-1] == '=' {
		end--
	}
	if end == 0 {
		return BadValue("token", "it is empty", hint)
	}
	for i := range end {
		if c := s[i]; !isTokenByte(c) {
			return BadValue("token", fmt.Sprintf("character %d is %s", i+1, describe(c)), hint)
		}
	}
	return nil
}

func isTokenByte(c byte) bool {
	switch {
	case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9':
		return true
	}
	return c == '-' || c == '.' || c == '_' || c == '~' || c == '+' || c == '/'
}

// describe returns the class of a character that is not allowed: the text must not reveal parts of a key that is almost
// right.
func describe(c byte) string {
	switch {
	case c == ' ':
		return "a space"
	case c == '\t':
		return "a tab"
	case c == '\r' || c == '\n':
		return "a line break"
	case c < ' ' || c == 0x7f:
		return "a control character"
	case c > 0x7f:
		return "not ASCII"
	case c == '"' || c == '\'':
		return "a quote"
	case c == '\\':
		return "a backslash"
	}
	return "not allowed there"
}
