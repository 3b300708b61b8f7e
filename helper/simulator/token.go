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

// serveToken answers a request to a token endpoint, with the faults that apply to it.
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

// readForm reads the parameters in the body; those in the query do not count.
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
	form, _ := url.ParseQuery(string(body)) // parameters that can't be read are left out, as servers do
	return form, nil
}

// admit makes the checks before the jti is stored, then stores it unless spare is set.
func (s *Simulator) admit(r *http.Request, form url.Values, spare bool) (*assertion, row) {
	switch {
	case r.Header.Get("Content-Type") != formType: // compared as a whole: a charset is refused too
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

// exchange makes the checks after the jti is used up, and issues a token.
func (s *Simulator) exchange(r *http.Request, form url.Values, a *assertion) answer {
	now := s.config.Now()
	if n := s.authorize(r, a, now); n != admitted {
		return refuse(n)
	}
	// APIM allows ten seconds for a clock that differs. Its answer to a later not-before time is not public. This
	// status is Apigee's default, and this body is the identity service's for a problem without a text.
	if nbf, ok := a.claims["nbf"].(json.Number); ok && number(nbf)*1000-millis(now) > 10_000 {
		return unknownError(http.StatusUnauthorized)
	}
	if id := form.Get("client_id"); id != "" && id != a.subject() {
		return apigeeFault(http.StatusInternalServerError,
			"Invalid client identifier {0}", "oauth.v2.InvalidClientIdentifier")
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

// life returns how long the token is valid. The form's _access_token_expiry_ms can only shorten it.
func (s *Simulator) life(form url.Values) time.Duration {
	ms, err := strconv.ParseInt(form.Get("_access_token_expiry_ms"), 10, 64)
	if err == nil && ms > 0 && ms < s.config.TokenLife.Milliseconds() {
		return time.Duration(ms) * time.Millisecond
	}
	return s.config.TokenLife
}

// mint issues a token. Every value in the answer is a string, because APIM's template quotes it.
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
