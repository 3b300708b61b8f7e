package simulator

import (
	"crypto"
	"crypto/rsa"
	"crypto/sha512"
	"encoding/json"
	"errors"
	"io"
	"io/fs"
	"net/http"
	"net/url"
	"strconv"
	"time"
)

const (
	assertionType = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
	formType      = "application/x-www-form-urlencoded"
	maxForm       = 1 << 20 // an assertion is about 1 KB
)

// serveToken answers a request to a token endpoint, with a fault where one is due.
func (s *Simulator) serveToken(w http.ResponseWriter, r *http.Request) (answer, faults) {
	if r.Method != http.MethodPost {
		a := page(http.StatusMethodNotAllowed, "text/plain", "", "method not allowed")
		a.header("Allow", http.MethodPost)
		return a, faults{}
	}
	p := s.faults.next(tokenSide)
	if p.inFront {
		return p.instead, p
	}
	form, refused := readForm(w, r)
	if refused != nil {
		return *refused, p
	}
	a, n := s.admit(r, form, p.spareJTI)
	switch {
	case p.intercept != nil:
		return p.instead, p
	case n != admitted:
		return refuse(n), p
	}
	return s.exchange(r, form, a), p
}

// readForm reads the body's parameters; a query's are not form parameters.
func readForm(w http.ResponseWriter, r *http.Request) (url.Values, *answer) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxForm))
	if tooBig := (*http.MaxBytesError)(nil); errors.As(err, &tooBig) {
		a := apigeeFault(http.StatusRequestEntityTooLarge, "Body buffer overflow", "protocol.http.TooBigBody")
		return nil, &a
	}
	if err != nil {
		a := apigeeFault(http.StatusBadRequest, "Unexpected EOF", "messaging.adaptors.http.flow.UnexpectedEOF")
		return nil, &a
	}
	form, _ := url.ParseQuery(string(body)) // what can't be read is left out, as a server does
	return form, nil
}

// admit makes the checks up to the moment at which the jti is stored, and stores it unless spare is set.
func (s *Simulator) admit(r *http.Request, form url.Values, spare bool) (*assertion, row) {
	switch {
	case r.Header.Get("Content-Type") != formType: // compared as a whole: not even a charset may follow
		return nil, badContentType
	case form.Get("grant_type") == "":
		return nil, noGrantType
	case form.Get("grant_type") != "client_credentials":
		return nil, badGrantType
	case form.Get("client_assertion_type") != assertionType:
		return nil, badAssertionType
	case form.Get("client_assertion") == "":
		return nil, noAssertion
	}
	a, ok := decode(form.Get("client_assertion"))
	if !ok {
		return nil, malformedJWT
	}
	now := s.config.Now()
	if n := a.check(now); n != admitted {
		return nil, n
	}
	if spare {
		return a, admitted
	}
	return a, s.seen.burn(a, now)
}

// exchange makes the checks that follow once the jti is used up, and gives a token.
func (s *Simulator) exchange(r *http.Request, form url.Values, a *assertion) answer {
	now := s.config.Now()
	if n := s.authorize(r, a, now); n != admitted {
		return refuse(n)
	}
	// APIM allows ten seconds for a clock that differs. What it says about a not-before time that is further ahead is
	// not public: the status is Apigee's default, the body what the identity service says when it has no better words.
	if nbf, ok := a.claims["nbf"].(json.Number); ok && number(nbf)*1000-millis(now) > 10_000 {
		return unknownError(http.StatusUnauthorized)
	}
	if id := form.Get("client_id"); id != "" && id != a.subject() {
		return apigeeFault(http.StatusInternalServerError, "Invalid client identifier {0}",
			"oauth.v2.InvalidClientIdentifier")
	}
	if s.config.NoProduct {
		return refuse(noProduct)
	}
	return s.mint(now, s.life(form))
}

// authorize checks API key, quota, key set, kid, signature and audience, in this order.
func (s *Simulator) authorize(r *http.Request, a *assertion, now time.Time) row {
	if a.subject() == "" || s.config.APIKey != "" && a.subject() != s.config.APIKey {
		return unknownAPIKey
	}
	if !s.calls.allow(a.subject(), now) {
		return overQuota
	}
	set, err := s.keys.get(now)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return noPublicKey
	case err != nil:
		return keySetUnreachable
	}
	keys := set[a.head.text("kid")]
	switch {
	case len(keys) == 0:
		return unknownKID
	case !a.signedByOne(keys):
		return badSignature
	case a.claims["aud"] != any(s.calledURL(r)):
		return badAudience
	}
	return admitted
}

// signedByOne verifies the signature (RSASSA-PKCS1-v1_5 with SHA-512, RFC 7518 section 3.3).
func (a *assertion) signedByOne(keys []*rsa.PublicKey) bool {
	digest := sha512.Sum512([]byte(a.signed))
	for _, k := range keys {
		if a.signature != nil && rsa.VerifyPKCS1v15(k, crypto.SHA512, digest[:], a.signature) == nil {
			return true
		}
	}
	return false
}

// life is how long the token will live. The form's _access_token_expiry_ms can only shorten it.
func (s *Simulator) life(form url.Values) time.Duration {
	ms, err := strconv.ParseInt(form.Get("_access_token_expiry_ms"), 10, 64)
	if err == nil && ms > 0 && ms < s.config.TokenLife.Milliseconds() {
		return time.Duration(ms) * time.Millisecond
	}
	return s.config.TokenLife
}

// mint gives a token. Every value of the answer is a string, as APIM's template quotes it.
func (s *Simulator) mint(now time.Time, life time.Duration) answer {
	a := jsonAnswer(http.StatusOK, "application/json", struct {
		AccessToken string `json:"access_token"`
		ExpiresIn   string `json:"expires_in"` // seconds
		TokenType   string `json:"token_type"`
		IssuedAt    string `json:"issued_at"` // milliseconds since 1970
	}{
		s.issued.add(now, life),
		strconv.FormatInt(int64(life/time.Second), 10),
		"Bearer",
		strconv.FormatInt(now.UnixMilli(), 10),
	})
	a.minted = true
	return a
}
