package oauth_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"

	"cgp-cred/helper/apim"
	"cgp-cred/helper/manage"
	"cgp-cred/helper/oauth"
	"cgp-cred/helper/profile"
	"cgp-cred/helper/simulator"
	"cgp-cred/keystore/fault"
)

const hello = "/hello-world/hello/application"

// sent is a transport that notes each request's URL and credentials, and answers some itself.
type sent struct {
	instead func(*http.Request) *http.Response // nil, or returning nil: the network answers

	mu   sync.Mutex
	list []string
}

func (s *sent) RoundTrip(r *http.Request) (*http.Response, error) {
	body := []byte{}
	if r.Body != nil {
		body, _ = io.ReadAll(r.Body)
		_ = r.Body.Close()
	}
	s.mu.Lock()
	scheme, _, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	s.list = append(s.list, strings.TrimSpace(r.URL.Path+" "+scheme+" "+r.Header.Get("apikey")+" "+string(body)))
	s.mu.Unlock()
	if s.instead != nil {
		if res := s.instead(r); res != nil {
			return res, nil
		}
	}
	r = r.Clone(r.Context())
	r.Body = io.NopCloser(bytes.NewReader(body))
	return apim.Local().RoundTrip(r)
}

func answer(r *http.Request, status int, header ...string) *http.Response {
	res := &http.Response{
		StatusCode: status, Header: http.Header{}, Body: io.NopCloser(strings.NewReader("answer")),
		Request: r,
	}
	if len(header) == 2 {
		res.Header.Set(header[0], header[1])
	}
	return res
}

func TestCoveredRequestsAlone(t *testing.T) {
	t.Parallel()
	api := "hello-world"
	p := newPlace(t, simulator.Config{}, manage.Change{APIName: &api})
	base := &sent{}
	c := &http.Client{Transport: &oauth.Transport{Source: p.source(t), Base: base}}
	if got := get(t, c, p.url+hello); got != http.StatusOK {
		t.Errorf("status %d", got)
	}
	_, other := serve(t, simulator.Config{})
	for _, url := range []string{
		other + hello, p.url + "/genomic-data-access/FHIR/R4/ServiceRequest", p.url + "/hello-world2/x",
		p.url + "/hello-world/%2e%2e/x",
		strings.Replace(p.url, "127.0.0.1", "localhost", 1) + hello,
	} {
		if got := get(t, c, url); got == http.StatusOK {
			t.Errorf("%s: status %d", url, got)
		}
	}
	with := 0
	for _, r := range base.list {
		if strings.Contains(r, "Bearer") {
			with++
		}
	}
	if with != 1 || len(base.list) != 6 {
		t.Errorf("sent %q", base.list)
	}
}

// A credential for a loopback host goes to no proxy. If the transport has a proxy, nothing is sent.
func TestLoopbackIsNotProxied(t *testing.T) {
	t.Parallel()
	p := newPlace(t, simulator.Config{}, manage.Change{})
	asked := 0
	proxy := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { asked++ }))
	defer proxy.Close()
	address, err := url.Parse(proxy.URL)
	if err != nil {
		t.Fatal(err)
	}
	for name, choose := range map[string]func(*http.Request) (*url.URL, error){
		"always":   http.ProxyURL(address),
		"an error": func(*http.Request) (*url.URL, error) { return nil, errors.New("no idea") },
		"for that path": func(r *http.Request) (*url.URL, error) {
			return map[string]*url.URL{hello: address}[r.URL.Path], nil
		},
		"for that query": func(r *http.Request) (*url.URL, error) {
			return map[string]*url.URL{"x=1": address}[r.URL.RawQuery], nil
		},
	} {
		c := &http.Client{Transport: &oauth.Transport{Source: p.source(t), Base: &http.Transport{Proxy: choose}}}
		res, err := c.Get(p.url + hello + "?x=1")
		var refused *oauth.ProxyError
		if !errors.As(err, &refused) || fault.HintOf(err, "") == "" {
			t.Errorf("%s: got %v, want a ProxyError", name, err)
		}
		if err == nil {
			_ = res.Body.Close()
		}
	}
	none := func(*http.Request) (*url.URL, error) { return nil, nil }
	for name, base := range map[string]http.RoundTripper{
		"none": nil, "no proxy": &http.Transport{},
		"none for this": &http.Transport{Proxy: none},
	} {
		c := &http.Client{Transport: &oauth.Transport{Source: p.source(t), Base: base}}
		if got := get(t, c, p.url+hello); got != http.StatusOK {
			t.Errorf("%s: status %d", name, got)
		}
	}
	if asked != 0 {
		t.Errorf("the proxy was asked %d times", asked)
	}
}

// A redirect takes the credential nowhere, not even one that the caller copied into the request.
func TestRedirects(t *testing.T) {
	t.Parallel()
	for _, auth := range []string{"", profile.APIKey} {
		var stolen http.Header
		evil := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
			stolen = r.Header.Clone()
		}))
		defer evil.Close()
		p := newPlace(t, simulator.Config{}, manage.Change{Auth: auth})
		base := &sent{instead: func(r *http.Request) *http.Response {
			if strings.HasSuffix(r.URL.Path, "/away") {
				return answer(r, http.StatusTemporaryRedirect, "Location", evil.URL+"/x")
			}
			return nil
		}}
		s := p.source(t)
		c := &http.Client{Transport: &oauth.Transport{Source: s, Base: base}}
		if got := get(t, c, p.url+"/away"); got != http.StatusOK || len(base.list) != 2 {
			t.Errorf("status %d, sent %q", got, base.list)
		}
		if stolen.Get("Authorization") != "" || stolen.Get("Apikey") != "" {
			t.Errorf("%q: the other host got the credential", auth)
		}
		if auth != "" {
			continue
		}
		tok, err := s.Token()
		if err != nil {
			t.Fatal(err)
		}
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, evil.URL, nil)
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Authorization", "Bearer "+tok.AccessToken)
		res, err := c.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		_ = res.Body.Close()
		if stolen.Get("Authorization") != "" {
			t.Error("the other host got a copied token")
		}
		req.Header.Set("Authorization", "Bearer its-own")
		if res, err = c.Do(req); err != nil {
			t.Fatal(err)
		}
		_ = res.Body.Close()
		if stolen.Get("Authorization") != "Bearer its-own" {
			t.Error("another host's own credential was touched")
		}
	}
}

func TestRetryAfter401(t *testing.T) {
	t.Parallel()
	refuse := func(times int) func(*http.Request) *http.Response {
		return func(r *http.Request) *http.Response {
			if times--; times >= 0 {
				return answer(r, http.StatusUnauthorized)
			}
			return nil
		}
	}
	body := func() io.Reader { return strings.NewReader("text") }
	for _, c := range []struct {
		name    string
		auth    string
		refused int
		body    io.Reader
		sent    []string
		tokens  int
		status  int
	}{
		{"without a body", "", 1, nil, []string{hello + " Bearer", hello + " Bearer"}, 2, http.StatusOK},
		{"once only", "", 9, nil, []string{hello + " Bearer", hello + " Bearer"}, 2, http.StatusUnauthorized},
		{
			"with a body", "", 1, body(),
			[]string{hello + " Bearer  text", hello + " Bearer  text"},
			2,
			http.StatusNotFound,
		},
		{
			"with a body that can't be had again", "", 1, io.NopCloser(body()),
			[]string{hello + " Bearer  text"},
			1,
			http.StatusUnauthorized,
		},
		{"an API key", profile.APIKey, 1, nil, []string{hello + "  " + apiKey}, 0, http.StatusUnauthorized},
		{"nothing to renew", profile.None, 1, nil, []string{hello}, 0, http.StatusUnauthorized},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			p := newPlace(t, simulator.Config{}, manage.Change{Auth: c.auth})
			base := &sent{instead: refuse(c.refused)}
			method := http.MethodGet
			if c.body != nil {
				method = http.MethodPost
			}
			req, err := http.NewRequestWithContext(t.Context(), method, p.url+hello, c.body)
			if err != nil {
				t.Fatal(err)
			}
			req.Header.Set("Authorization", "Basic eDp5") // the profile's takes its place, in a copy
			if c.auth != "" {
				req.Header.Del("Authorization")
			}
			before := req.Header.Clone()
			res, err := (&oauth.Transport{Source: p.source(t), Base: base}).RoundTrip(req)
			if err != nil {
				t.Fatal(err)
			}
			_, _ = io.ReadAll(res.Body)
			_ = res.Body.Close()
			if res.StatusCode != c.status || strings.Join(base.list, "|") != strings.Join(c.sent, "|") ||
				p.Sim.Minted() != c.tokens {
				t.Errorf("status %d, sent %q, %d tokens", res.StatusCode, base.list, p.Sim.Minted())
			}
			if len(req.Header) != len(before) || req.Header.Get("Authorization") != before.Get("Authorization") {
				t.Errorf("the request was changed: %v", req.Header)
			}
		})
	}
}

type closed struct {
	io.Reader
	done bool
}

func (c *closed) Close() error { c.done = true; return nil }

// Without a token nothing is sent, and the body is closed.
func TestNoToken(t *testing.T) {
	t.Parallel()
	p := newPlace(t, simulator.Config{NoProduct: true}, manage.Change{})
	base := &sent{}
	body := &closed{Reader: strings.NewReader("text")}
	req, err := http.NewRequestWithContext(context.Background(), http.MethodPost, p.url+hello, body)
	if err != nil {
		t.Fatal(err)
	}
	res, err := (&oauth.Transport{Source: p.source(t), Base: base}).RoundTrip(req)
	var refused *apim.Error
	if !errors.As(err, &refused) || len(base.list) != 0 || !body.done {
		t.Errorf("error %v, sent %q, closed %v", err, base.list, body.done)
	}
	if res != nil {
		_ = res.Body.Close()
	}
}
