package apim_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"cgp-cred/helper/apim"
	"cgp-cred/keystore/fault"
)

func TestRetryable(t *testing.T) {
	t.Parallel()
	throttled := func(code string) string {
		return fmt.Sprintf(`{"fault":{"faultstring":"x","detail":{"errorcode":%q}}}`, code)
	}
	for _, c := range []struct {
		name   string
		status int
		body   string
		class  fault.Class
		again  bool
	}{
		{"throttled", 429, "", fault.Temporary, true},
		{
			"throttled, with the status of another error", 403, throttled("policies.ratelimit.SpikeArrestViolation"),
			fault.Temporary, true,
		},
		{
			"throttled, as Apigee does by itself", 500, throttled("policies.ratelimit.QuotaViolation"), fault.Temporary,
			true,
		},
		{"a server that fails", 500, "", fault.Temporary, true},
		{
			"a server that fails, in words", 503, `{"error":"unknown_error","error_description":"x"}`, fault.Temporary,
			true,
		},
		{
			"a refusal with the status of a failure", 500, throttled("oauth.v2.InvalidClientIdentifier"), fault.Refused,
			false,
		},
		{
			"a refusal that passes, but not in a moment", 403,
			`{"error":"public_key error","error_description":"The JWKS endpoint can't be reached"}`, fault.Temporary,
			false,
		},
		{"a refusal", 401, `{"error":"invalid_request"}`, fault.Refused, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			if e := apim.ParseRefusal(c.status, []byte(c.body)); e.Class != c.class || e.Retryable() != c.again {
				t.Errorf("class %v, retryable %v, want %v, %v", e.Class, e.Retryable(), c.class, c.again)
			}
		})
	}
}

func TestRetryAfter(t *testing.T) {
	t.Parallel()
	const server = "Thu, 01 Jan 2026 12:00:00 GMT" // hours from this machine's clock
	for _, c := range []struct {
		header string
		want   time.Duration
	}{
		{"2", 2 * time.Second},
		{" 120 ", 2 * time.Minute},
		{"0", 0},
		{"-1", 0},
		{"1.5", 0},
		{"NaN", 0},
		{"soon", 0},
		{"", 0},
		{"100000", 24 * time.Hour},
		{"4294967296", 24 * time.Hour},
		{"99999999999999999999999999", 24 * time.Hour},
		{"Thu, 01 Jan 2026 12:00:30 GMT", 30 * time.Second},
		{"Thursday, 01-Jan-26 12:00:30 GMT", 30 * time.Second},
		{"Thu, 01 Jan 2026 11:00:00 GMT", 0},
		{"Fri, 31 Dec 2399 23:59:59 GMT", 24 * time.Hour},
		{"Thu, 99 Jan 2026 12:00:30 GMT", 0},
	} {
		t.Run(c.header, func(t *testing.T) {
			t.Parallel()
			url, _ := endpoint(t, 429, map[string]string{"Retry-After": c.header, "Date": server}, "")
			_, err := exchange(t.Context(), url)
			var e *apim.Error
			if !errors.As(err, &e) || e.RetryAfter != c.want {
				t.Fatalf("error %v, wait %v, want %v", err, e.RetryAfter, c.want)
			}
			if told := strings.Contains(fault.HintOf(e, ""),
				"wait "+c.want.String()+", as the server asks"); told != (c.want > 0) {
				t.Errorf("hint %q for a wait of %v", fault.HintOf(e, ""), c.want)
			}
		})
	}
}

// A client that times out says what it waited for.
func TestLateSaysWhere(t *testing.T) {
	t.Parallel()
	l, err := net.Listen("tcp", "127.0.0.1:0") // the kernel accepts, but no server answers
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	address := l.Addr().String()
	for _, c := range []struct{ url, says string }{
		{"http://" + address, address + " did not answer in time"},
		{"https://" + address, address + " did not begin TLS in time"},
	} {
		ctx, stop := context.WithTimeout(t.Context(), 300*time.Millisecond)
		_, err := exchange(ctx, c.url)
		stop()
		var e *apim.Error
		if !errors.As(err, &e) || e.Class != fault.Temporary || !e.Retryable() || e.Error() != c.says {
			t.Errorf("error %v, want %q, to be tried again", err, c.says)
		}
	}
}

// No redirect is followed, with a body or without: the second request would carry what is only for the first server.
func TestNoRedirectIsFollowed(t *testing.T) {
	t.Parallel()
	for _, status := range []int{301, 302, 303, 307, 308} {
		elsewhere, got := endpoint(t, 200, nil, goodReply)
		url, seen := endpoint(t, status, map[string]string{"Location": elsewhere}, "")
		_, err := exchange(t.Context(), url)
		var e *apim.Error
		if !errors.As(err, &e) || e.Class != fault.Network || e.Status != status || e.Retryable() {
			t.Errorf("%d: error %v", status, err)
		}
		if len(*seen) != 1 || len(*got) != 0 {
			t.Errorf("%d: %d requests, and %d elsewhere: %s", status, len(*seen), len(*got), http.StatusText(status))
		}
	}
}
