package apim

import (
	"encoding/base64"
	"encoding/json"
	"regexp"
	"strings"
	"sync"

	"cgp-cred/keystore"
)

// redactor is what a token request held, for a server or a proxy on the way that quotes it in its answer: the quotation
// would put assertion and API key on stderr, and into the file that remembers a refusal.
type redactor struct{ assertion keystore.Secret } // zero: nothing was sent

// leastAPIKey is how long an API key must be to be looked for; none of APIM's is as short.
const leastAPIKey = 8

// issuer returns the API key that an assertion names, nothing where there is none.
func issuer(assertion string) string {
	part := strings.Split(assertion, ".")
	if len(part) != 3 {
		return ""
	}
	var claims struct {
		Issuer string `json:"iss"`
	}
	body, err := base64.RawURLEncoding.DecodeString(part[1])
	if err != nil || json.Unmarshal(body, &claims) != nil {
		return ""
	}
	return claims.Issuer
}

// longWord may be a piece of an assertion. It is compiled when it is needed: each start would pay for it.
var longWord = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`[A-Za-z0-9_-]{16,}`) })

// hide returns text without the pieces of the request that it quotes, cut or whole.
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
