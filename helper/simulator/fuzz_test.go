package simulator_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"cgp-cred/helper/simulator"
	"cgp-cred/keystore/fault"
)

// FuzzToken: nothing that lacks the registered key's signature makes the token endpoint mint, fail or panic.
func FuzzToken(f *testing.F) {
	c := newClock()
	good := newDraft(c.Now())
	good.key = otherKey() // not the registered one
	f.Add(good.body())
	for _, tt := range conformances {
		if tt.spoil != nil {
			d := good.copy()
			tt.spoil(d, c.Now())
			d.key = otherKey()
			f.Add(d.body())
		}
	}
	f.Add("client_assertion=%zz&grant_type;x=&=&")
	f.Add("grant_type=client_credentials&client_assertion=" + strings.Repeat(".", 5000))
	s := newSimulator(c, func(cfg *simulator.Config) { cfg.Quota = -1 })
	f.Fuzz(func(t *testing.T, body string) {
		r := httptest.NewRequestWithContext(t.Context(), "POST", tokenURL, strings.NewReader(body))
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		if got := serve(s, r); got.status < 400 || got.status > 499 || got.field("error") == "" {
			t.Fatalf("status %d: %s", got.status, got.body)
		}
		if s.Minted() != 0 {
			t.Fatal("minted a token")
		}
	})
}

// FuzzAssertion gives header and claims of any JSON to the decoder, which is what a form fuzzer seldom reaches.
func FuzzAssertion(f *testing.F) {
	f.Add(`{"alg":"RS512","typ":"JWT","kid":"test-1"}`, `{"iss":"a","sub":"a","jti":"b","exp":1767366300}`)
	f.Add(`{"alg":["RS512"],"typ":{},"kid":[]}`, `{"iss":[],"sub":[],"jti":{},"exp":"1e999"}`)
	f.Add(`{"alg":"RS512","typ":"JWT","kid":true}`, `{"iss":1e999,"sub":1e999,"jti":"\u0000","exp":-1e999}`)
	c := newClock()
	s := newSimulator(c, func(cfg *simulator.Config) { cfg.Quota = -1; cfg.APIKey = "" })
	f.Fuzz(func(t *testing.T, head, claims string) {
		d := newDraft(c.Now())
		d.form["client_assertion"] = encoded(head) + "." + encoded(claims) + "."
		if got := d.send(s); got.status < 400 || got.status > 499 {
			t.Fatalf("status %d: %s", got.status, got.body)
		}
	})
}

// FuzzParseFault: a fault that is accepted can apply to a request; the error for another lists the faults.
func FuzzParseFault(f *testing.F) {
	for _, s := range []string{
		"row21=2", "api:delay:2s", "redirect:https://a.example.test/?x=1=3", "429:5", "=",
		"row00", "drip:",
	} {
		f.Add(s)
	}
	c := newClock()
	gone, cancel := context.WithCancel(context.Background())
	cancel() // no client waits for a delay
	f.Fuzz(func(t *testing.T, s string) {
		parsed, err := simulator.ParseFault(s)
		if err != nil {
			if fault.ClassOf(err) != fault.Usage || fault.HintOf(err, "") == "" {
				t.Fatalf("%q: %v", s, err)
			}
			return
		}
		defer func() {
			if r := recover(); r != nil && r != any(http.ErrAbortHandler) {
				t.Fatalf("%q: %v", s, r)
			}
		}()
		sim := newSimulator(c, func(cfg *simulator.Config) { cfg.Faults = []simulator.Fault{parsed} })
		for _, path := range []string{"/oauth2/token", "/hello-world/hello/application"} {
			serve(sim, httptest.NewRequestWithContext(gone, "POST", path, nil))
		}
	})
}

// FuzzKeySet: for every registered key set, a client with another key gets no token, and the endpoint answers with an
// error as it does for a set that can't be read.
func FuzzKeySet(f *testing.F) {
	for _, s := range []string{
		`{"keys":[]}`, `{"keys":null}`, `[]`, ` `, `{"keys":[{"kty":"RSA","kid":"test-1","n":"AQ","e":"AQAB"}]}`,
		`{"keys":[{"kty":"RSA","kid":"test-1","n":"","e":""}]}`,
		`{"keys":[{"kty":"RSA","kid":"test-1","n":"_____w","e":"AQ"}]}`,
		`{"keys":[{"kty":"EC","kid":"test-1"},{"KTY":"RSA","KID":"test-1","N":"AQAB","E":"_____w"}]}`,
	} {
		f.Add(s)
	}
	c := newClock()
	f.Fuzz(func(t *testing.T, document string) {
		s := newSimulator(c, func(cfg *simulator.Config) {
			cfg.JWKS = func() ([]byte, error) { return []byte(document), nil }
		})
		got := newDraft(c.Now()).send(s)
		if got.status < 400 || got.status > 599 || got.field("error") == "" || s.Minted() != 0 {
			t.Fatalf("status %d: %s", got.status, got.body)
		}
	})
}
