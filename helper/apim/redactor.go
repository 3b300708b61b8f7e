package apim

import (
	"encoding/json"
	"regexp"
	"strings"
	"sync"

	"cgp-cred/keystore"
)

// redactor removes what a token request held from texts. A server or a proxy may quote the request in its answer, which
// would put the assertion and the API key on stderr and into the file of a cached refusal.
type redactor struct{ assertion keystore.Secret } // zero: nothing was sent

// leastAPIKey is the shortest API key that is looked for; every APIM key is longer.
const leastAPIKey = 8

// issuer returns the API key that an assertion names, or nothing.
func issuer(assertion string) string {
	var claims struct {
		Issuer string `json:"iss"`
	}
	if _, body, ok := splitJWT(assertion); !ok || json.Unmarshal(body, &claims) != nil {
		return ""
	}
	return claims.Issuer
}

// longWord matches what may be a piece of an assertion. It is compiled on first use, as most runs do not need it.
var longWord = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`[A-Za-z0-9_-]{16,}`) })

// hide returns text with every quoted piece of the request redacted, whole or cut.
func (e redactor) hide(text string) string {
	if text == "" || e.assertion.IsZero() {
		return text
	}
	const hidden = "[redacted]"
	assertion := string(e.assertion.Reveal())
	if key := issuer(assertion); len(key) >= leastAPIKey {
		text = strings.ReplaceAll(text, key, hidden)
	}
	return longWord().ReplaceAllStringFunc(text, func(word string) string {
		if strings.Contains(assertion, word) {
			return hidden
		}
		return word
	})
}
