package simulator_test

import (
	"io/fs"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"cgp-cred/helper/simulator"
)

func TestToken(t *testing.T) {
	t.Parallel()
	c := newClock()
	s := newSimulator(c, nil)
	got := newDraft(c.Now()).send(s)
	wantStatus(t, got, 200)
	if ct := got.header.Get("Content-Type"); ct != "application/json" {
		t.Errorf("Content-Type %q", ct)
	}
	for name, want := range map[string]string{
		"access_token": `^[A-Za-z0-9]{28}$`,
		"expires_in":   `^599$`,
		"token_type":   `^Bearer$`,
		"issued_at":    `^` + strconv.FormatInt(c.Now().UnixMilli(), 10) + `$`,
	} {
		if v := got.field(name); !regexp.MustCompile(want).MatchString(v) {
			t.Errorf("%s is %q, want a string like %s", name, v, want)
		}
	}
	if d := got.header.Get("Date"); d != "Fri, 02 Jan 2026 15:04:05 GMT" {
		t.Errorf("Date %q is not the simulator's clock", d)
	}
	if s.Minted() != 1 || s.Requests() != 1 {
		t.Errorf("minted %d of %d requests, want 1 of 1", s.Minted(), s.Requests())
	}
}

// TestAccepted: what APIM lets through although it looks wrong.
func TestAccepted(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name  string
		spoil func(*draft, time.Time)
	}{
		{"exp this very moment", exp(func(now time.Time) any { return now.Unix() })},
		{"exp 310 s ahead", exp(func(now time.Time) any { return now.Unix() + 310 })},
		{"exp with a fraction", exp(func(now time.Time) any { return float64(now.Unix()) + 60.5 })},
		{"typ in lower case", head("typ", "jwt")},
		{"other header fields", head("jku", "https://evil.example.test/jwks.json")},
		{"iat a day ahead", func(d *draft, now time.Time) { d.claims["iat"] = now.Unix() + 86400 }},
		{"nbf 10 s ahead", func(d *draft, now time.Time) { d.claims["nbf"] = now.Unix() + 10 }},
		{"the right client_id", form("client_id", apiKey)},
		{"a query, in aud too", func(d *draft, _ time.Time) { d.url += "?a=b"; d.claims["aud"] = d.url }},
		{"the mock's endpoint", func(d *draft, _ time.Time) {
			d.url = "https://apim.example.test/oauth2-mock/token"
			d.claims["aud"] = d.url
		}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			c := newClock()
			d := newDraft(c.Now())
			tt.spoil(d, c.Now())
			wantStatus(t, d.send(newSimulator(c, nil)), 200)
		})
	}
}

func TestNotBefore(t *testing.T) {
	t.Parallel()
	c := newClock()
	d := newDraft(c.Now())
	d.claims["nbf"] = c.Now().Unix() + 11
	got := d.send(newSimulator(c, nil))
	wantStatus(t, got, 401)
	if e := got.field("error"); e != "unknown_error" {
		t.Errorf("error %q, want unknown_error", e)
	}
}

func TestWrongClientID(t *testing.T) {
	t.Parallel()
	c := newClock()
	d := newDraft(c.Now())
	d.form["client_id"] = "another"
	got := d.send(newSimulator(c, nil))
	wantStatus(t, got, 500)
	if !strings.Contains(got.body, `"errorcode":"oauth.v2.InvalidClientIdentifier"`) {
		t.Errorf("body %s", got.body)
	}
}

func TestReplay(t *testing.T) {
	t.Parallel()
	c := newClock()
	s := newSimulator(c, func(cfg *simulator.Config) { cfg.APIKey = "" })
	d := newDraft(c.Now())
	wantStatus(t, d.send(s), 200)
	wantRefusal(t, d.send(s), 400, "invalid_request", textReplay)

	other := d.copy()
	other.claims["iss"], other.claims["sub"] = "another application", "another application"
	wantStatus(t, other.send(s), 200)

	tooFar := d.copy() // a jti that was used is noticed before an exp too far ahead
	tooFar.claims["exp"] = c.Now().Unix() + 1000
	wantRefusal(t, tooFar.send(s), 400, "invalid_request", textReplay)

	c.Advance(30*24*time.Hour - time.Second)
	d.claims["exp"] = c.Now().Unix() + 150
	wantRefusal(t, d.send(s), 400, "invalid_request", textReplay)
	c.Advance(time.Second)
	wantStatus(t, d.send(s), 200)
}

func TestTokenLife(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name      string
		life      time.Duration
		form      string
		expiresIn string
	}{
		{"default", 0, "", "599"},
		{"configured", 90 * time.Second, "", "90"},
		{"under a second", 1500 * time.Millisecond, "", "1"},
		{"shorter by form", 0, "100000", "100"},
		{"longer by form", 0, "700000", "599"},
		{"words in the form", 0, "soon", "599"},
		{"negative in the form", 0, "-1", "599"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			c := newClock()
			s := newSimulator(c, func(cfg *simulator.Config) { cfg.TokenLife = tt.life })
			d := newDraft(c.Now())
			if tt.form != "" {
				d.form["_access_token_expiry_ms"] = tt.form
			}
			if got := d.send(s).field("expires_in"); got != tt.expiresIn {
				t.Errorf("expires_in %q, want %q", got, tt.expiresIn)
			}
		})
	}
}

func TestQuota(t *testing.T) {
	t.Parallel()
	c := newClock()
	s := newSimulator(c, func(cfg *simulator.Config) { cfg.Quota = 2; cfg.APIKey = "" })
	for range 2 {
		wantStatus(t, newDraft(c.Now()).send(s), 200)
		c.Advance(20 * time.Second)
	}
	over := newDraft(c.Now())
	got := over.send(s)
	wantStatus(t, got, 429)
	if !strings.Contains(got.body, `"errorcode":"policies.ratelimit.QuotaViolation"`) {
		t.Errorf("body %s", got.body)
	}
	wantRefusal(t, over.send(s), 400, "invalid_request", textReplay) // the jti is used up

	other := newDraft(c.Now()) // another application has another quota
	other.claims["iss"], other.claims["sub"] = "another", "another"
	wantStatus(t, other.send(s), 200)

	c.Advance(20 * time.Second) // a minute after the first
	wantStatus(t, newDraft(c.Now()).send(s), 200)
	wantStatus(t, newDraft(c.Now()).send(s), 429)
}

func TestDefaultQuota(t *testing.T) {
	t.Parallel()
	c := newClock()
	s := newSimulator(c, func(cfg *simulator.Config) { cfg.JWKS = nil })
	unlimited := newSimulator(c, func(cfg *simulator.Config) { cfg.JWKS = nil; cfg.Quota = -1 })
	for range 300 {
		wantStatus(t, newDraft(c.Now()).send(s), 403) // a refusal later on counts
		wantStatus(t, newDraft(c.Now()).send(unlimited), 403)
	}
	wantStatus(t, newDraft(c.Now()).send(s), 429)
	wantStatus(t, newDraft(c.Now()).send(unlimited), 403)
	stranger := newDraft(c.Now()) // the API key is checked first
	stranger.claims["iss"], stranger.claims["sub"] = "x", "x"
	wantStatus(t, stranger.send(s), 401)
}

func TestZeroConfig(t *testing.T) {
	t.Parallel()
	s := simulator.New(simulator.Config{})
	wantRefusal(t, newDraft(time.Now()).send(s), 403, "public_key error", textNoPublicKey)
}

func TestEndpoints(t *testing.T) {
	t.Parallel()
	s := newSimulator(newClock(), nil)
	tests := []struct {
		method, path string
		status       int
		header, want string // of the reply
		body         string // a part of it; "-": none at all
	}{
		{"GET", "/oauth2/token", 405, "Allow", "POST", "-"},
		{"PUT", "/oauth2-mock/token", 405, "Allow", "POST", "-"},
		{"GET", "/oauth2/_ping", 200, "Content-Type", "application/json", `"version"`},
		{"GET", "/oauth2-mock/_ping", 200, "Content-Type", "application/json", `"version"`},
		{"POST", "/oauth2/_ping", 404, "Content-Type", "application/json", `"error_description":"Not Found"`},
		{"POST", "/oauth2/tokens", 404, "Content-Type", "application/json", `"error":"invalid_request"`},
		{"POST", "/oauth2/token/", 404, "Content-Type", "application/json", `"error":"invalid_request"`},
		{"POST", "/oauth2/a/token", 404, "Content-Type", "application/json", `"error":"invalid_request"`},
		{"POST", "/oauth2/%74oken", 404, "Content-Type", "application/json", `"error":"invalid_request"`},
		{"POST", "/oauth21/token", 404, "Content-Type", "application/json", `ApplicationNotFound`},
		{"GET", "/", 404, "Content-Type", "application/json", `ApplicationNotFound`},
	}
	for _, tt := range tests {
		t.Run(tt.method+" "+tt.path, func(t *testing.T) {
			t.Parallel()
			got := serve(s,
				httptest.NewRequestWithContext(t.Context(), tt.method, "https://apim.example.test"+tt.path, nil))
			wantStatus(t, got, tt.status)
			if v := got.header.Get(tt.header); v != tt.want {
				t.Errorf("%s %q, want %q", tt.header, v, tt.want)
			}
			if tt.body == "-" && got.body != "" || tt.body != "-" && !strings.Contains(got.body, tt.body) {
				t.Errorf("body %q, want %q", got.body, tt.body)
			}
		})
	}
}

func TestBaseURL(t *testing.T) {
	t.Parallel()
	c := newClock()
	s := newSimulator(c, func(cfg *simulator.Config) { cfg.BaseURL = "https://int.example.test/" })
	d := newDraft(c.Now())
	wantRefusal(t, d.send(s), 401, "invalid_request", textAudience)
	d = newDraft(c.Now())
	d.claims["aud"] = "https://int.example.test/oauth2/token"
	wantStatus(t, d.send(s), 200)
}

func TestTooBig(t *testing.T) {
	t.Parallel()
	c := newClock()
	d := newDraft(c.Now())
	d.form["client_assertion"] = strings.Repeat("a", 1<<20)
	wantStatus(t, d.send(newSimulator(c, nil)), 413)
}

func TestKeySetCache(t *testing.T) {
	t.Parallel()
	c := newClock()
	kids, reads := []string{"old"}, 0
	source := func() ([]byte, error) {
		reads++
		var all []map[string]any
		for _, id := range kids {
			all = append(all, jwk(id, &rsaKey().PublicKey))
		}
		return jwks(all...)()
	}
	s := newSimulator(c, func(cfg *simulator.Config) { cfg.JWKS = source; cfg.JWKSCache = time.Hour })
	with := func(id string) *draft {
		d := newDraft(c.Now())
		d.head["kid"] = id
		return d
	}
	wantStatus(t, with("old").send(s), 200)
	kids = []string{"old", "new"}
	wantRefusal(t, with("new").send(s), 401, "invalid_request", textUnknownKID)
	c.Advance(time.Hour - time.Second)
	wantRefusal(t, with("new").send(s), 401, "invalid_request", textUnknownKID)
	c.Advance(time.Second)
	wantStatus(t, with("new").send(s), 200)
	if reads != 2 {
		t.Errorf("the key set was read %d times, want 2", reads)
	}
}

// TestKeySetFailureIsNotCached: the first call after a key was registered is not made to wait.
func TestKeySetFailureIsNotCached(t *testing.T) {
	t.Parallel()
	c := newClock()
	path := filepath.Join(t.TempDir(), "jwks.json")
	s := newSimulator(c, func(cfg *simulator.Config) {
		cfg.JWKS = func() ([]byte, error) { return os.ReadFile(path) }
		cfg.JWKSCache = time.Hour
	})
	wantRefusal(t, newDraft(c.Now()).send(s), 403, "public_key error", textNoPublicKey)
	if err := os.WriteFile(path, []byte("{"), 0o600); err != nil {
		t.Fatal(err)
	}
	wantRefusal(t, newDraft(c.Now()).send(s), 403, "public_key error", textUnreachable)
	// two keys of one kid: either signs
	set, err := jwks(jwk(kid, &otherKey().PublicKey), jwk(kid, &rsaKey().PublicKey))()
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, set, 0o600); err != nil {
		t.Fatal(err)
	}
	wantStatus(t, newDraft(c.Now()).send(s), 200)
}

func TestNoKeySetFile(t *testing.T) {
	t.Parallel()
	c := newClock()
	s := newSimulator(c, func(cfg *simulator.Config) {
		cfg.JWKS = func() ([]byte, error) { return nil, fs.ErrNotExist }
	})
	wantRefusal(t, newDraft(c.Now()).send(s), 403, "public_key error", textNoPublicKey)
}

func TestConcurrent(t *testing.T) {
	t.Parallel()
	c := newClock()
	s := newSimulator(c, func(cfg *simulator.Config) { cfg.Log = func(string) {} })
	same := newDraft(c.Now())
	var wg sync.WaitGroup
	var mu sync.Mutex
	count := map[int]int{}
	for range 20 {
		wg.Go(func() {
			fresh, replay := newDraft(c.Now()).send(s), same.send(s)
			r := httptest.NewRequestWithContext(t.Context(), "GET",
				"https://apim.example.test/hello-world/hello/application", nil)
			r.Header.Set("Authorization", "Bearer "+fresh.field("access_token"))
			api := serve(s, r)
			mu.Lock()
			defer mu.Unlock()
			for _, got := range []reply{fresh, replay, api} {
				count[got.status]++
			}
		})
	}
	wg.Wait()
	if count[http.StatusOK] != 41 || count[http.StatusBadRequest] != 19 || s.Minted() != 21 || s.Requests() != 40 {
		t.Errorf("answers %v, minted %d of %d", count, s.Minted(), s.Requests())
	}
}

// TestLog: method, path, status and error, and nothing that is secret or moves a cursor.
func TestLog(t *testing.T) {
	t.Parallel()
	c := newClock()
	var lines []string
	s := newSimulator(c, func(cfg *simulator.Config) { cfg.Log = func(line string) { lines = append(lines, line) } })
	token := newDraft(c.Now()).send(s).field("access_token")
	bad := newDraft(c.Now())
	bad.url += "?patient=9000000009"
	bad.send(s)
	r := httptest.NewRequestWithContext(t.Context(), "GET",
		"https://apim.example.test/hello-world/%1b[2J?patient=9000000009", nil)
	r.Header.Set("Authorization", "Bearer "+token)
	serve(s, r)
	want := []string{
		"POST /oauth2/token 200",
		"POST /oauth2/token 401 invalid_request: " + textAudience,
		"GET /hello-world/%1b[2J 404 not-found",
	}
	if got, want := strings.Join(lines, "\n"), strings.Join(want, "\n"); got != want {
		t.Errorf("log:\n%s\nwant:\n%s", got, want)
	}
}
