package apim

import (
	"encoding/base64"
	"encoding/json"
	"regexp"
	"strings"
	"sync"

	"cgp-cred/keystore"
)

// echo is what a token request held, for a server or a proxy on the way that quotes it in its answer: the quotation would
// put assertion and API key on stderr, and into the file that remembers a refusal.
type echo struct {
	assertion string
	apiKey    string
}

// leastAPIKey is how long an API key must be to be looked for; none of APIM's is as short.
const leastAPIKey = 8

// echoOf knows what an assertion holds.
func echoOf(assertion keystore.Secret) echo {
	e := echo{assertion: string(assertion.Reveal())}
	var claims struct {
		Issuer string `json:"iss"`
	}
	if part := strings.Split(e.assertion, "."); len(part) == 3 {
		if body, err := base64.RawURLEncoding.DecodeString(part[1]); err == nil && json.Unmarshal(body, &claims) == nil {
			e.apiKey = claims.Issuer
		}
	}
	return e
}

// longWord may be a piece of an assertion. It is compiled when it is needed: each start would pay for it.
var longWord = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`[A-Za-z0-9_-]{16,}`) })

// hide returns text without the pieces of the request that it quotes, cut or whole.
func (e echo) hide(text string) string {
	const hidden = "[redacted]"
	if len(e.apiKey) >= leastAPIKey {
		text = strings.ReplaceAll(text, e.apiKey, hidden)
	}
	return longWord().ReplaceAllStringFunc(text, func(word string) string {
		if strings.Contains(e.assertion, word) {
			return hidden
		}
		return word
	})
}
