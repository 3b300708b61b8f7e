package simulator_test

import (
	"context"
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha512"
	"encoding/base64"
	"encoding/json"
	"io"
	"io/fs"
	"maps"
	"math/big"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"cgp-cred/helper/simulator"
	"cgp-cred/keystore/keystoretest"
)

// Everything here is built by hand: an oracle must not be tested with the code that it judges.

const (
	apiKey   = "simulatorTestKey0123456789abcdef"
	kid      = "test-1"
	tokenURL = "https://apim.example.test/oauth2/token"
)

// Two keys, made once. To generate them would take a fuzzer's every process longer than it has.
var (
	rsaKey   = sync.OnceValue(func() *rsa.PrivateKey { return keystoretest.Key(2048, 0) })
	otherKey = sync.OnceValue(func() *rsa.PrivateKey { return keystoretest.Key(2048, 1) })
)

// clock is a clock that a test sets.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func newClock() *clock { return &clock{now: time.Date(2026, 1, 2, 15, 4, 5, 0, time.UTC)} }

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) Advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

// jwk is one entry of a key set.
func jwk(id string, k *rsa.PublicKey) map[string]any {
	return map[string]any{
		"kty": "RSA", "alg": "RS512", "use": "sig", "kid": id,
		"n": base64.RawURLEncoding.EncodeToString(k.N.Bytes()),
		"e": base64.RawURLEncoding.EncodeToString(big.NewInt(int64(k.E)).Bytes()),
	}
}

func jwks(keys ...map[string]any) func() ([]byte, error) {
	return func() ([]byte, error) { return json.Marshal(map[string]any{"keys": keys}) }
}

func noKeys() ([]byte, error) { return nil, fs.ErrNotExist }

// draft is a token request in the making: right, until a test changes it.
type draft struct {
	method, url, contentType string
	head, claims             map[string]any
	form                     map[string]string // overrides; a missing client_assertion is made from the above
	key                      *rsa.PrivateKey
	jwt                      func(string) string // spoils the finished assertion; nil: doesn't
}

func newDraft(now time.Time) *draft {
	return &draft{
		method: http.MethodPost, url: tokenURL, contentType: "application/x-www-form-urlencoded",
		head: map[string]any{"alg": "RS512", "typ": "JWT", "kid": kid},
		claims: map[string]any{
			"iss": apiKey, "sub": apiKey, "aud": tokenURL, "jti": rand.Text(), "exp": now.Unix() + 150,
		},
		form: map[string]string{
			"grant_type":            "client_credentials",
			"client_assertion_type": "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
		},
		key: rsaKey(),
	}
}

// copy returns a draft that can be changed without changing d.
func (d *draft) copy() *draft {
	c := *d
	c.head, c.claims, c.form = maps.Clone(d.head), maps.Clone(d.claims), maps.Clone(d.form)
	return &c
}

func (d *draft) assertion() string {
	signed := part(d.head) + "." + part(d.claims)
	digest := sha512.Sum512([]byte(signed))
	sig, err := rsa.SignPKCS1v15(nil, d.key, crypto.SHA512, digest[:])
	if err != nil {
		panic(err)
	}
	jwt := signed + "." + base64.RawURLEncoding.EncodeToString(sig)
	if d.jwt != nil {
		jwt = d.jwt(jwt)
	}
	return jwt
}

func part(v map[string]any) string {
	b, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	return base64.RawURLEncoding.EncodeToString(b)
}

func (d *draft) body() string {
	form := url.Values{}
	for k, v := range d.form {
		form.Set(k, v)
	}
	if _, ok := d.form["client_assertion"]; !ok {
		form.Set("client_assertion", d.assertion())
	}
	return form.Encode()
}

// reply is what a test looks at.
type reply struct {
	status int
	header http.Header
	body   string
}

// send hands the request to the simulator.
func (d *draft) send(s http.Handler) reply {
	r := httptest.NewRequestWithContext(context.Background(), d.method, d.url, strings.NewReader(d.body()))
	if d.contentType != "" {
		r.Header.Set("Content-Type", d.contentType)
	}
	return serve(s, r)
}

func serve(s http.Handler, r *http.Request) reply {
	w := httptest.NewRecorder()
	s.ServeHTTP(w, r)
	res := w.Result()
	defer func() { _ = res.Body.Close() }()
	b, err := io.ReadAll(res.Body)
	if err != nil {
		panic(err)
	}
	return reply{res.StatusCode, res.Header, string(b)}
}

// field returns one string of the reply's JSON, or nothing.
func (r reply) field(name string) string {
	var v map[string]any
	if json.Unmarshal([]byte(r.body), &v) != nil {
		return ""
	}
	s, _ := v[name].(string)
	return s
}

// newSimulator knows the test's API key and public key.
func newSimulator(c *clock, change func(*simulator.Config)) *simulator.Simulator {
	cfg := simulator.Config{APIKey: apiKey, JWKS: jwks(jwk(kid, &rsaKey().PublicKey)), Now: c.Now}
	if change != nil {
		change(&cfg)
	}
	return simulator.New(cfg)
}

func wantStatus(t *testing.T, got reply, want int) {
	t.Helper()
	if got.status != want {
		t.Fatalf("status %d, want %d: %s", got.status, want, got.body)
	}
}
