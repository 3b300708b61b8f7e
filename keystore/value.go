package keystore

import (
	"fmt"
	"unicode/utf8"

	"cgp-cred/keystore/fault"
	"cgp-cred/keystore/text"
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
	n := 0
	for _, c := range s {
		n++
		if c <= ' ' || c > '~' || c == '"' || c == '\\' {
			return fmt.Sprintf("character %d is %s", n, text.Describe(c))
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
			r, _ := utf8.DecodeRuneInString(s[i:])
			return BadValue("token", fmt.Sprintf("character %d is %s", i+1, text.Describe(r)), hint)
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
