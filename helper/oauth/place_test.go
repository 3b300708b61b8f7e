package oauth_test

import (
	"crypto/rsa"
	"net/http"
	"net/http/httptest"
	"testing"

	"cgp-cred/helper/helpertest"
	"cgp-cred/helper/manage"
	"cgp-cred/helper/oauth"
	"cgp-cred/helper/simulator"
)

const apiKey = helpertest.APIKey

func key() *rsa.PrivateKey { return helpertest.Key() }

// place is a machine with the URL of its APIM.
type place struct {
	*helpertest.Place
	url string
}

func newPlace(t *testing.T, c simulator.Config, change manage.Change) *place {
	t.Helper()
	p := helpertest.NewWith(t, c, change)
	return &place{p, "http://" + p.Host}
}

// serve starts another simulator that knows the key.
func serve(t testing.TB, c simulator.Config) (*simulator.Simulator, string) {
	t.Helper()
	sim := simulator.New(helpertest.Config(c))
	srv := httptest.NewServer(sim)
	t.Cleanup(srv.Close)
	return sim, srv.URL
}

func (p *place) source(t *testing.T) *oauth.TokenSource {
	t.Helper()
	return oauth.New(p.Helper, p.Load(t))
}

// get requests a URL and returns the status.
func get(t *testing.T, c *http.Client, url string) int {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	res, err := c.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	_ = res.Body.Close()
	return res.StatusCode
}
