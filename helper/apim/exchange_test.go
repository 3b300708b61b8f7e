package apim_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"cgp-cred/helper/apim"
	"cgp-cred/keystore"
	"cgp-cred/keystore/fault"
)

// endpoint answers each request with one reply and keeps what it received.
func endpoint(t *testing.T, status int, header map[string]string, body string) (url string, seen *[]string) {
	t.Helper()
	seen = new([]string)
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		b, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		*seen = append(*seen, fmt.Sprintf("%s %s %s\n%s", r.Method, r.URL, r.Header.Get("Content-Type"), b))
		for k, v := range header {
			w.Header().Set(k, v)
		}
		w.WriteHeader(status)
		if _, err := io.WriteString(w, body); err != nil {
			t.Error(err)
		}
	}))
	t.Cleanup(srv.Close)
	return srv.URL + "/oauth2/token", seen
}

func exchange(ctx context.Context, url string) (apim.Token, error) {
	c := apim.Client{Now: func() time.Time { return now }}
	return c.Exchange(ctx, url, keystore.NewSecret([]byte("a.b.c")))
}

const goodReply = `{"access_token":"tok123","expires_in":"599","token_type":"Bearer","issued_at":"1"}`

func TestExchangeSendsTheBareForm(t *testing.T) {
	t.Parallel()
	url, seen := endpoint(t, 200, nil, goodReply)
	got, err := exchange(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	if string(got.Value.Reveal()) != "tok123" || !got.Expiry.Equal(now.Add(599*time.Second)) ||
		!got.FetchedAt.Equal(now) {
		t.Errorf("token fetched at %v until %v", got.FetchedAt, got.Expiry)
	}
	want := []string{"POST /oauth2/token application/x-www-form-urlencoded\n" +
		"client_assertion=a.b.c&client_assertion_type=urn%3Aietf%3Aparams%3Aoauth%3Aclient-assertion-type%3A" +
		"jwt-bearer&grant_type=client_credentials"}
	if diff := cmp.Diff(want, *seen); diff != "" {
		t.Error(diff)
	}
}

func TestParseToken(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, body string
		life       time.Duration // 0: refused
	}{
		{"APIM's: strings", goodReply, 599 * time.Second},
		{"RFC 6749's: a number", `{"access_token":"t","expires_in":599,"token_type":"Bearer"}`, 599 * time.Second},
		{"no issued_at, no type", `{"access_token":"t","expires_in":"10"}`, 10 * time.Second},
		{"type in lower case", `{"access_token":"t","expires_in":"10","token_type":"bearer"}`, 10 * time.Second},
		{"absurd life is capped", `{"access_token":"t","expires_in":"99999999999"}`, time.Hour},
		{"no life", `{"access_token":"t"}`, 0},
		{"negative life", `{"access_token":"t","expires_in":"-1"}`, 0},
		{"life in words", `{"access_token":"t","expires_in":"soon"}`, 0},
		{"life overflows", `{"access_token":"t","expires_in":1e300}`, 0},
		{"other type", `{"access_token":"t","expires_in":"10","token_type":"mac"}`, 0},
		{"no token", `{"expires_in":"10"}`, 0},
		{"header injection", `{"access_token":"t\r\nX: y","expires_in":"10"}`, 0},
		{"not JSON", `<html>`, 0},
		{"empty", ``, 0},
		{"two objects", goodReply + goodReply, 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got, err := apim.ParseToken([]byte(tt.body), now)
			if (err == nil) != (tt.life > 0) {
				t.Fatalf("error %v, want life %v", err, tt.life)
			}
			if err == nil && got.Expiry.Sub(now) != tt.life {
				t.Errorf("life %v, want %v", got.Expiry.Sub(now), tt.life)
			}
		})
	}
}

func FuzzParseToken(f *testing.F) {
	f.Add([]byte(goodReply))
	f.Add([]byte(`{"access_token":"` + "SECRET" + `","expires_in":"x"}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		got, err := apim.ParseToken(body, now)
		if err == nil && (keystore.CheckToken(string(got.Value.Reveal())) != nil || !got.Expiry.After(now)) {
			t.Fatal("accepted a token that can't be printed, or that has expired")
		}
		if err != nil && strings.Contains(err.Error(), "SECRET") {
			t.Fatal("the error quotes the body")
		}
	})
}

func FuzzParseRefusal(f *testing.F) {
	f.Add(401, []byte(`{"error":"invalid_request","error_description":"x","message_id":"rrt-1"}`))
	f.Add(500, []byte(`{"fault":{"faultstring":"x","detail":{"errorcode":"oauth.v2.InvalidClientIdentifier"}}}`))
	f.Add(200, []byte(`<html>`))
	f.Add(400, []byte("{\"error\":\"\\u001b[2J\\nhint: x\",\"message_id\":\"a\\nb\"}"))
	f.Fuzz(func(t *testing.T, status int, body []byte) {
		e := apim.ParseRefusal(status, body)
		for _, text := range []string{e.Error(), e.MessageID()} {
			for i := 0; i < len(text); i++ {
				if text[i] < 0x20 || text[i] > 0x7e {
					t.Fatalf("%q prints byte %#x", body, text[i])
				}
			}
		}
		if fault.HintOf(e, "") == "" {
			t.Fatal("no hint")
		}
	})
}

func TestRefusals(t *testing.T) {
	t.Parallel()
	oauth := func(code, description string) string {
		return fmt.Sprintf(`{"error":%q,"error_description":%q,"message_id":"rrt-57-a-geu2-1-2-3"}`, code, description)
	}
	const html = "<html>sign in</html>"
	tests := []struct {
		name   string
		status int
		body   string
		class  fault.Class
		says   string // part of the message
		hint   string // part of the hint
	}{
		{
			"unknown API key", 401, oauth("invalid_request", "Invalid 'iss'/'sub' claims in client_assertion JWT"),
			fault.Refused, "is not known on", "store",
		},
		{
			"empty iss", 400,
			oauth("invalid_request", "Missing or non-matching 'iss'/'sub' claims in client_assertion JWT"),
			fault.Refused, "was empty", "store",
		},
		{
			"clock slow", 400,
			oauth("invalid_request", "Invalid 'exp' claim in client_assertion JWT - JWT has expired"),
			fault.Refused, "clock", "set the clock",
		},
		{
			"clock fast", 400,
			oauth("invalid_request", "Invalid 'exp' claim in client_assertion JWT - more than 5 minutes in future"),
			fault.Refused, "clock", "set the clock",
		},
		{
			"jti", 400, oauth("invalid_request", "Non-unique 'jti' claim in client_assertion JWT"), fault.Refused,
			"seen this assertion", "again",
		},
		{
			"no key set", 403,
			oauth("public_key error",
				"You need to register a public key to use this authentication method - please contact support to "+
					"configure"), fault.Refused, "no public key is registered", "cgp-cred jwks",
		},
		{
			"JWKS unreachable", 403,
			oauth("public_key error", "The JWKS endpoint, for your client_assertion can't be reached"), fault.Temporary,
			"can't reach the JWKS URL", "certificate",
		},
		{
			"kid", 401, oauth("invalid_request", "Invalid 'kid' header in client_assertion JWT - no matching public "+
				"key"),
			fault.Refused, "no public key with kid", "up to an hour",
		},
		{
			"signature", 401, oauth("public_key error", "JWT signature verification failed"), fault.Refused,
			"is not the one", "cgp-cred jwks",
		},
		{
			"audience", 401, oauth("invalid_request", "Missing or invalid 'aud' claim in client_assertion JWT"),
			fault.Refused, "audience", "status",
		},
		{
			"product", 401,
			oauth("unauthorized_client",
				"you have tried to request authorization but your application is not configured to use this "+
					"authorization grant type"), fault.Refused, "API-key flavour", "subscribe",
		},
		{
			"revoked", 401,
			oauth("access_denied", "The developer app associated with the API key is not approved or revoked"),
			fault.Refused, "revoked", "Developer Hub",
		},
		{
			"content type", 415,
			oauth("invalid_request", "Content-Type header must be application/x-www-form-urlencoded"),
			fault.Refused, "content type", "proxy",
		},
		{"throttled", 429, `{}`, fault.Temporary, "300 a minute", "wait"},
		{
			"throttled by a fault with status 500", 500,
			`{"fault":{"faultstring":"Rate limit quota ` +
				`violation","detail":{"errorcode":"policies.ratelimit.QuotaViolation"}}}`, fault.Temporary,
			"300 a minute", "wait",
		},
		{
			"fault: unknown client", 500,
			`{"fault":{"faultstring":"Invalid client identifier ` +
				`{0}","detail":{"errorcode":"oauth.v2.InvalidClientIdentifier"}}}`, fault.Refused, "is not known on",
			"store",
		},
		{"not found", 404, oauth("invalid_request", "Not Found"), fault.Refused, "no token endpoint", "status"},
		{"not found, empty", 404, "", fault.Refused, "no token endpoint", "status"},
		{"method", 405, "", fault.Refused, "not a token endpoint", "status"},
		{"server error in HTML", 503, html, fault.Temporary, "503", "minute"},
		{"sign-in page", 200, html, fault.Network, "isn't APIM's: status 200, text/html", "HTTPS_PROXY"},
		{"blocked by a proxy", 403, html, fault.Network, "isn't APIM's: status 403", "HTTPS_PROXY"},
		{"redirect", 307, "", fault.Network, "not followed", "HTTPS_PROXY"},
		{"proxy wants a password", 407, html, fault.Network, "407", "HTTPS_PROXY"},
		{"unknown", 400, oauth("new_error", "something new"), fault.Refused, "something new", "message_id"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			kind := "application/json"
			if strings.HasPrefix(tt.body, "<") {
				kind = "text/html; charset=utf-8"
			}
			url, seen := endpoint(t, tt.status,
				map[string]string{"Content-Type": kind, "Location": "http://127.0.0.1:1/evil"}, tt.body)
			_, err := exchange(t.Context(), url)
			var e *apim.Error
			if !errors.As(err, &e) {
				t.Fatalf("error %v, want an apim.Error", err)
			}
			if e.Class != tt.class {
				t.Errorf("class %v, want %v", e.Class, tt.class)
			}
			if !strings.Contains(e.Error(), tt.says) || strings.Contains(e.Error(), "sign in") {
				t.Errorf("message %q, want it to say %q, and nothing of a page", e, tt.says)
			}
			if !strings.Contains(fault.HintOf(e, ""), tt.hint) {
				t.Errorf("hint %q, want it to say %q", fault.HintOf(e, ""), tt.hint)
			}
			if strings.Contains(tt.body, "rrt-57") && e.MessageID() != "rrt-57-a-geu2-1-2-3" {
				t.Errorf("message ID %q", e.MessageID())
			}
			if len(*seen) != 1 {
				t.Errorf("%d requests, want 1: an assertion is never sent again", len(*seen))
			}
		})
	}
}

func TestNetworkErrors(t *testing.T) {
	t.Parallel()
	slow := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
		time.Sleep(2 * time.Second)
	}))
	t.Cleanup(slow.Close)
	strange := httptest.NewTLSServer(http.NotFoundHandler())
	strange.Config.ErrorLog = nil
	t.Cleanup(strange.Close)
	big, _ := endpoint(t, 200, nil, strings.Repeat("x", 70<<10))
	tests := []struct {
		name, url string
		class     fault.Class
		says      string
	}{
		{"closed port", "http://127.0.0.1:1/oauth2/token", fault.Network, "can't connect to 127.0.0.1:1"},
		{
			"no such name", "https://no-such-host.invalid/oauth2/token", fault.Network,
			"DNS lookup of no-such-host.invalid failed",
		},
		{"a stranger's certificate", strange.URL, fault.Network, "issued by"},
		{"too slow", slow.URL, fault.Temporary, "did not answer in time"},
		{"endless reply", big, fault.Network, "over 64 KiB"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			timeout := 20 * time.Second
			if tt.url == slow.URL {
				timeout = time.Second
			}
			ctx, stop := context.WithTimeout(t.Context(), timeout)
			defer stop()
			_, err := exchange(ctx, tt.url)
			var e *apim.Error
			if !errors.As(err, &e) {
				t.Fatalf("error %v, want an apim.Error", err)
			}
			if e.Class != tt.class || !strings.Contains(e.Error(), tt.says) || fault.HintOf(e, "") == "" {
				t.Errorf("class %v, %q, hint %q, want class %v and %q", e.Class, e, fault.HintOf(e, ""), tt.class,
					tt.says)
			}
		})
	}
}

func TestSkewIsMeasured(t *testing.T) {
	t.Parallel()
	date := now.Add(-7 * time.Hour).UTC().Format(http.TimeFormat)
	url, _ := endpoint(t, 200, map[string]string{"Date": date}, goodReply)
	got, err := exchange(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	if off := got.Skew - 7*time.Hour; off.Abs() > time.Second {
		t.Errorf("skew %v, want 7h", got.Skew)
	}
}

// A message ID is passed on if it looks like one: of bounded length, and of characters that no terminal or log obeys.
func TestMessageID(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		id   string
		want bool
	}{
		{"rrt-57-a-geu2-1-2-3", true},
		{"A.b_c:d-9", true},
		{strings.Repeat("a", 128), true},
		{strings.Repeat("a", 129), false},
		{strings.Repeat("a", 4000), false},
		{"a b", false},
		{"a\u0000", false},
		{"é", false},
		{"a/b", false},
	} {
		body := fmt.Sprintf(`{"error":"invalid_request","error_description":"x","message_id":%q}`, tt.id)
		e := apim.ParseRefusal(401, []byte(body))
		if got := e.MessageID(); got != map[bool]string{true: tt.id}[tt.want] {
			t.Errorf("%.20q with %d characters: got %d characters", tt.id, len(tt.id), len(got))
		}
	}
}
