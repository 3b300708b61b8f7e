package apim_test

import (
	"errors"
	"net"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"cgp-cred/helper/apim"
	"cgp-cred/keystore/fault"
)

func TestProbe(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, kind string
		status     int
		class      fault.Class
		fine       bool
	}{
		{name: "well", kind: "application/json; charset=utf-8", status: 200, fine: true},
		{name: "without a type", status: 200, fine: true},
		{name: "a sign-in page", kind: "text/html", status: 200, class: fault.Network},
		{name: "a redirect", status: 307, class: fault.Network},
		{name: "no access", status: 401, class: fault.Refused},
		{name: "forbidden", status: 403, class: fault.Refused},
		{name: "no such API", status: 404, class: fault.Refused},
		{name: "a proxy", status: 407, class: fault.Network},
		{name: "throttled", status: 429, class: fault.Temporary},
		{name: "failing", status: 503, class: fault.Temporary},
		{name: "strange", status: 418, class: fault.Network},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if r.URL.Path != "/_ping" || r.Header.Get("Apikey") != "k" {
					t.Errorf("got %s with apikey %q: followed a redirect, or lost a header", r.URL.Path,
						r.Header.Get("Apikey"))
				}
				w.Header()["Content-Type"] = []string{c.kind}
				w.Header().Set("Location", "/elsewhere")
				w.Header().Set("Date", time.Now().Add(-time.Hour).UTC().Format(http.TimeFormat))
				w.WriteHeader(c.status)
			}))
			t.Cleanup(server.Close)
			p, err := new(apim.Client).Probe(t.Context(), server.URL+"/_ping", http.Header{"Apikey": {"k"}})
			if err != nil || p.Status != c.status || !p.Dated || (p.Skew-time.Hour).Abs() > time.Minute ||
				p.TLS != nil {
				t.Fatalf("got %+v, %v", p, err)
			}
			var problem *apim.Error
			switch err := p.Problem(); {
			case c.fine && err != nil:
				t.Errorf("got %v, want none", err)
			case !c.fine &&
				(!errors.As(err, &problem) || problem.Class != c.class || fault.HintOf(problem, "") == "" ||
					problem.AtProxy() != (c.status == 407)):
				t.Errorf("got %#v, want class %v", err, c.class)
			}
		})
	}
}

func TestProbeOfNobody(t *testing.T) {
	t.Parallel()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := l.Addr().String()
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	_, err = new(apim.Client).Probe(t.Context(), "http://"+address+"/", nil)
	var e *apim.Error
	if !errors.As(err, &e) || e.Class != fault.Network || e.AtProxy() {
		t.Errorf("got %#v", err)
	}
}

func TestLookUp(t *testing.T) {
	t.Parallel()
	for _, host := range []string{"127.0.0.1", "127.0.0.1:8080", "[::1]", "[::1]:8080"} {
		if got, err := apim.LookUp(t.Context(), host); err != nil || len(got) != 1 || !got[0].IsLoopback() {
			t.Errorf("%s: got %v, %v", host, got, err)
		}
	}
}

func TestNoProxyOnThisMachine(t *testing.T) {
	t.Parallel()
	if got, err := apim.ProxyFor("http://127.0.0.1:8080/oauth2/token"); got.Host != "" || err != nil {
		t.Errorf("got %q, %v", got, err)
	}
}
