package profile

import "strings"

// fields is what a file's plain form can be read into.
type fields interface {
	field(key string) *string // nil: no such key, or not one of plain text
}

func (p *Profile) field(key string) *string {
	switch key {
	case "api_host":
		return &p.Host
	case "api_name":
		return &p.APIName
	case "auth":
		return &p.Auth
	case "keystore":
		return &p.Keystore
	case "rev":
		return &p.Rev
	case "signer_seal":
		return &p.SignerSeal
	}
	return nil
}

func (s *settings) field(key string) *string {
	if key == "default" {
		return &s.Default
	}
	return nil
}

// maxPlain is how many lines the plain form has at the most.
const maxPlain = 8

// readPlain reads the form in which encode writes most files, lines of "key: value" with nothing in them that YAML could
// read in another way, and reports whether raw has it; else to is left as it was. A cached get spends less on it than the
// YAML library spends on its first token.
func readPlain(raw []byte, to fields) bool {
	var found [maxPlain]struct {
		field *string
		value string
	}
	n := 0
	for line := range strings.Lines(string(raw)) {
		text, whole := strings.CutSuffix(line, "\n")
		key, value, pair := strings.Cut(text, ": ")
		field := to.field(key)
		if !whole || !pair || n == maxPlain || field == nil || !plainScalar(value) {
			return false
		}
		for _, earlier := range found[:n] {
			if earlier.field == field {
				return false
			}
		}
		found[n].field, found[n].value = field, value
		n++
	}
	for _, f := range found[:n] {
		*f.field = f.value
	}
	return n > 0
}

// plainScalar reports whether YAML reads s as the text that it is (YAML 1.2.2 section 7.3.3, narrower). Numbers do, in a
// field of text; null does not.
func plainScalar(s string) bool {
	word := strings.TrimPrefix(s, "-") // a rev is base64url, and may begin with one
	if word == "" || !wordByte(word[0]) || strings.EqualFold(s, "null") || s[len(s)-1] == ':' {
		return false
	}
	for i := range len(word) {
		if !wordByte(word[i]) && !strings.ContainsRune(".:/-", rune(word[i])) {
			return false
		}
	}
	return true
}

func wordByte(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '_'
}
