package keystore

import "fmt"

// ValueError is a value that can't be what it is given as. It says where, and never holds a secret.
type ValueError struct {
	What    string // "API key", "token" or a variable's name
	Problem string // for example "character 5 is a blank"

	next string
}

func (e *ValueError) Error() string { return e.What + ": " + e.Problem }

// Hint says how to get a good one.
func (e *ValueError) Hint() string {
	if e.next != "" {
		return e.next
	}
	if e.What == "token" {
		return "this is not what API Management issues: look for a proxy in between with `cgp-cred doctor`"
	}
	return "copy the API key again from the developer hub, without quotes, blanks or line breaks around it"
}

// CheckAPIKey returns nil where s can be an API key: printable ASCII (0x21 to 0x7e) without quote or backslash, so that
// it needs no escaping in a header, a curl config or JSON. Otherwise it returns a *[ValueError].
func CheckAPIKey(s string) error {
	if s == "" {
		return &ValueError{What: "API key", Problem: "it is empty"}
	}
	for i := range len(s) {
		if c := s[i]; c <= ' ' || c > '~' || c == '"' || c == '\\' {
			return &ValueError{What: "API key", Problem: fmt.Sprintf("character %d is %s", i+1, describe(c))}
		}
	}
	return nil
}

// CheckToken returns nil where s is a b64token of RFC 6750, section 2.1: letters, digits and -._~+/ with any = at the
// end. Otherwise it returns a *[ValueError].
func CheckToken(s string) error {
	end := len(s)
	for end > 0 && s[end-1] == '=' {
		end--
	}
	if end == 0 {
		return &ValueError{What: "token", Problem: "it is empty"}
	}
	for i := range end {
		if c := s[i]; !isTokenByte(c) {
			return &ValueError{What: "token", Problem: fmt.Sprintf("character %d is %s", i+1, describe(c))}
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

// describe names a character that is not allowed, by its class: a key that is nearly right must not be spelt out.
func describe(c byte) string {
	switch {
	case c == ' ':
		return "a blank"
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
