package simulator_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"cgp-cred/helper/simulator"
)

const (
	realm         = "https://int.api.service.nhs.uk/realms/api-producers"
	realmTokenURL = realm + "/protocol/openid-connect/token"
)

func newRealm(c *clock) *simulator.Simulator {
	return newSimulator(c, func(c *simulator.Config) { c.Proxygen, c.BaseURL = true, "https://int.api.service.nhs.uk" })
}

func newRealmDraft(now time.Time) *draft {
	d := newDraft(now)
	d.url, d.claims["aud"] = realmTokenURL, realm
	return d
}

// What Keycloak says (26.4, services/…/authenticators/client). The texts are written out here once more.
func TestRealmRefuses(t *testing.T) {
	t.Parallel()
	const failed = "Client authentication with signed JWT failed: "
	tests := []struct {
		name   string
		spoil  func(*draft, time.Time)
		status int
		code   string
		text   string
	}{
		{"no grant", form("grant_type", ""), 400, "invalid_request", "Missing form parameter: grant_type"},
		{"another grant", form("grant_type", "password"), 400, "unsupported_grant_type", "Unsupported grant_type"},
		{"no assertion", form("client_assertion", ""), 401, "invalid_client", "Invalid client or Invalid client credentials"},
		{"no JWT", form("client_assertion", "x.y"), 400, "invalid_client", failed + "java.lang.IllegalArgumentException: Parsing error"},
		{"no assertion type", form("client_assertion_type", ""), 400, "invalid_client", "Parameter client_assertion_type is missing"},
		{
			"another assertion type", form("client_assertion_type", "x"), 400, "invalid_client",
			"Parameter client_assertion_type has value 'x' but expected is " +
				"'urn:ietf:params:oauth:client-assertion-type:jwt-bearer'",
		},
		{"no sub", noClaim("sub"), 400, "invalid_client", "Token sub claim is required"},
		{"no iss", noClaim("iss"), 401, "invalid_client", "Invalid client or Invalid client credentials"},
		{"another iss", claim("iss", "x"), 401, "invalid_client", "Invalid client or Invalid client credentials"},
		{"another client_id", form("client_id", "x"), 400, "invalid_client", "client_id parameter does not match sub claim"},
		{"an unknown client", func(d *draft, _ time.Time) { d.claims["iss"], d.claims["sub"] = "x", "x" }, 401, "invalid_client", "Invalid client or Invalid client credentials"},
		{"another algorithm", head("alg", "HS256"), 400, "invalid_client", "Invalid signature algorithm"},
		{"no kid", noHead("kid"), 400, "invalid_client", "Unable to load public key"},
		{"an unknown kid", head("kid", "x"), 400, "invalid_client", "Unable to load public key"},
		{"another key", func(d *draft, _ time.Time) { d.key = otherKey() }, 400, "invalid_client", failed + "Signature on JWT token failed validation"},
		{"no aud", noClaim("aud"), 400, "invalid_client", "Invalid token audience"},
		{"the token URL as aud", claim("aud", realmTokenURL), 400, "invalid_client", "Invalid token audience"},
		{"a slash more", claim("aud", realm+"/"), 400, "invalid_client", "Invalid token audience"},
		{"two audiences", claim("aud", []string{realm, "x"}), 400, "invalid_client", "Multiple audiences not allowed"},
		{"no exp", noClaim("exp"), 400, "invalid_client", "Token exp claim is required"},
		{"expired", exp(func(now time.Time) any { return now.Unix() - 16 }), 400, "invalid_client", "Token is not active"},
		{"later", func(d *draft, now time.Time) { d.claims["nbf"] = now.Unix() + 60 }, 400, "invalid_client", "Token is not active"},
		{
			"too far", exp(func(now time.Time) any { return now.Unix() + 301 }), 400, "invalid_client",
			"Token expiration is too far in the future and iat claim not present in token",
		},
		{"no jti", noClaim("jti"), 400, "invalid_client", "Token jti claim is required"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			c := newClock()
			s := newRealm(c)
			bad := newRealmDraft(c.Now())
			good := bad.copy()
			tt.spoil(bad, c.Now())
			got := bad.send(s)
			if got.status != tt.status || got.field("error") != tt.code || got.field("error_description") != tt.text {
				t.Errorf("%d %s, want %d %s %q", got.status, got.body, tt.status, tt.code, tt.text)
			}
			if strings.Contains(got.body, "message_id") {
				t.Errorf("%s has APIM's message_id", got.body)
			}
			wantStatus(t, good.send(s), 200) // its jti is not used up
		})
	}
}

// What Keycloak lets through, and a token in its form, which its API takes until it expires.
func TestRealmToken(t *testing.T) {
	t.Parallel()
	c := newClock()
	s := newRealm(c)
	d := newRealmDraft(c.Now())
	d.claims["aud"], d.contentType = []string{realm}, "application/x-www-form-urlencoded; charset=utf-8"
	got := d.send(s)
	wantStatus(t, got, 200)
	var token struct {
		AccessToken string         `json:"access_token"`
		ExpiresIn   int            `json:"expires_in"`
		NotBefore   *int           `json:"not-before-policy"`
		IssuedAt    map[string]any `json:"issued_at"`
		TokenType   string         `json:"token_type"`
	}
	if err := json.Unmarshal([]byte(got.body), &token); err != nil {
		t.Fatal(err)
	}
	if token.ExpiresIn != 300 || token.NotBefore == nil || token.IssuedAt != nil || token.TokenType != "Bearer" ||
		strings.Count(token.AccessToken, ".") != 2 {
		t.Errorf("got %s", got.body)
	}
	if again := d.send(s); again.field("error_description") != "Token reuse detected" {
		t.Errorf("the same assertion again: %s", again.body)
	}
	call := func() int {
		r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/apis/hello-world/environments", nil)
		r.Header.Set("Authorization", "Bearer "+token.AccessToken)
		return serve(s, r).status
	}
	if status := call(); status != 200 {
		t.Errorf("status %d with the token", status)
	}
	c.Advance(300 * time.Second)
	if status := call(); status != 401 {
		t.Errorf("status %d with an expired token", status)
	}
}

func TestRealmPaths(t *testing.T) {
	t.Parallel()
	s := newRealm(newClock())
	for _, tt := range []struct {
		method, path string
		status       int
	}{
		{"GET", "/_status", 200},
		{"GET", "/realms/api-producers/protocol/openid-connect/token", 405},
		{"POST", "/realms/other/protocol/openid-connect/token", 404},
		{"POST", "/oauth2/token", 404},
		{"POST", realmTokenURL[len("https://int.api.service.nhs.uk"):], 415},
		{"GET", "/hello-world/hello/application", 404},
		{"GET", "/apis/", 404},
		{"GET", "/apis/hello-world", 401},
		{"GET", "/apis/hello-world/environments", 401},
	} {
		r := httptest.NewRequestWithContext(t.Context(), tt.method, tt.path, nil)
		if got := serve(s, r); got.status != tt.status {
			t.Errorf("%s %s: status %d, want %d: %s", tt.method, tt.path, got.status, tt.status, got.body)
		}
	}
}
