package apim_test

import (
	"bytes"
	"errors"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"cgp-cred/helper/apim"
	"cgp-cred/keystore"
	"cgp-cred/keystore/fault"
)

// answer is what a server sends, whatever it is asked.
type answer struct {
	status int
	header http.Header
	body   []byte
}

func (a answer) RoundTrip(r *http.Request) (*http.Response, error) {
	return &http.Response{
		StatusCode: a.status, Header: a.header, Body: io.NopCloser(bytes.NewReader(a.body)),
		Request: r,
	}, nil
}

// FuzzExchange: a whole answer of the token endpoint, or of a server in front of it, gives one of two results: a token
// that can be printed and has not expired, or an error that says what to do, is printable and does not repeat the
// assertion.
func FuzzExchange(f *testing.F) {
	const date = "Fri, 02 Jan 2026 15:04:05 GMT"
	f.Add(200, "application/json", date, "", []byte(goodReply))
	f.Add(429, "application/json", "", "7", []byte(`{"error":"policies.ratelimit.QuotaViolation"}`))
	f.Add(429, "", "yesterday", "99999999999999999999", []byte{})
	f.Add(502, "text/html; charset", date, "-1", []byte("<html>"))
	f.Add(302, "text/html", "Thu, 01 Jan 1970 00:00:00 GMT", "", []byte{})
	f.Add(407, "a\x1b[2Jb/c", "Fri, 31 Dec 9999 23:59:59 GMT", "Fri, 31 Dec 9999 23:59:59 GMT", []byte{})
	f.Add(401, "application/json", date, "",
		[]byte(`{"error":"invalid_request","error_description":"Invalid exp claim","message_id":"rrt-1"}`))
	f.Fuzz(func(t *testing.T, status int, kind, date, after string, body []byte) {
		a := answer{status, http.Header{"Content-Type": {kind}, "Date": {date}, "Retry-After": {after}}, body}
		c := &apim.Client{HTTP: &http.Client{Transport: a, CheckRedirect: func(*http.Request, []*http.Request) error {
			return http.ErrUseLastResponse
		}}, Now: func() time.Time { return now }}
		const assertion = "eyJhbGciOiJSUzUxMiJ9.AssertionOfTheFuzzer.c2ln"
		got, err := c.Exchange(t.Context(), "https://int.api.service.nhs.uk/oauth2/token",
			keystore.NewSecret([]byte(assertion)))
		if err == nil {
			if status != http.StatusOK || keystore.CheckToken(string(got.Value.Reveal())) != nil ||
				!got.Expiry.After(now) || got.Expiry.Sub(now) > time.Hour {
				t.Fatalf("status %d gives a token until %v", status, got.Expiry)
			}
			return
		}
		var e *apim.Error
		if !errors.As(err, &e) || fault.HintOf(e, "") == "" || e.Class < fault.Refused || e.Class > fault.Temporary {
			t.Fatalf("%v (%T) has no class and no next step", err, err)
		}
		if e.RetryAfter < 0 || e.RetryAfter > 24*time.Hour {
			t.Fatalf("it would wait %v", e.RetryAfter)
		}
		for _, text := range []string{e.Error(), e.MessageID(), fault.HintOf(e, "")} {
			for i := range len(text) {
				if text[i] < 0x20 || text[i] > 0x7e {
					t.Fatalf("%q prints byte %#x", body, text[i])
				}
			}
			if strings.Contains(text, "AssertionOfTheFuzzer") && !bytes.Contains(body, []byte("AssertionOfTheFuzzer")) {
				t.Fatal("the error holds the assertion")
			}
		}
	})
}

// FuzzProxy: a variable that is set names a proxy that can be dialled, or is an error. There is no third case.
func FuzzProxy(f *testing.F) {
	for _, value := range []string{
		"http://alice:100%@proxy.example:8080/", "socks5h://[::1]:1080", "proxy", "://", "http://a@b@c", "[::1%25eth0]:1",
	} {
		f.Add(value)
	}
	f.Fuzz(func(t *testing.T, value string) {
		if value == "" || strings.Contains(value, "\x00") {
			t.Skip("it can't be the value of a variable")
		}
		proxyEnvironment(t, map[string]string{"HTTPS_PROXY": value})
		p, err := apim.ProxyFor(behindProxy)
		if err != nil {
			if p.Host != "" || !strings.Contains(err.Error(), "nothing was sent without the proxy") {
				t.Fatalf("%q: %q, %v", value, p, err)
			}
			return
		}
		name, port, err := net.SplitHostPort(p.Host)
		if err != nil || name == "" || port == "" || strings.ContainsAny(p.Host, "@/?# ") {
			t.Fatalf("%q: %q, %v", value, p.Host, err)
		}
	})
}
