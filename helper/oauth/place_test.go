package oauth_test

import (
	"context"
	"crypto/rsa"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"

	"cgp-cred/helper"
	"cgp-cred/helper/apim"
	"cgp-cred/helper/manage"
	"cgp-cred/helper/oauth"
	"cgp-cred/helper/profile"
	"cgp-cred/helper/simulator"
	"cgp-cred/keystore"
	"cgp-cred/keystore/disk"
	"cgp-cred/keystore/keystoretest"
	"cgp-cred/keystore/record"
	"cgp-cred/keystore/signer"
)

const apiKey = "test-api-key-0123456789abcdef"

// place is one user's machine, with a simulated APIM that knows the key of the profile "int".
type place struct {
	*helper.Helper
	sim *simulator.Simulator
	url string
}

func newPlace(t *testing.T, c simulator.Config, change manage.Change) *place {
	t.Helper()
	folder := t.TempDir()
	own := func(name string) string { return filepath.Join(folder, name, "cgp-cred") }
	keys := keystore.Memory()
	p := &place{Helper: &helper.Helper{
		Config:      profile.Config{Folder: own("config")},
		Folders:     disk.Folders{Config: own("config"), State: own("state"), Runtime: own("run")},
		Keystore:    func(string) (keystore.Keystore, error) { return keys, nil },
		NewKeystore: profile.Memory,
		APIM:        func() (*apim.Client, error) { return &apim.Client{}, nil },
	}}
	p.sim, p.url = serve(t, c)
	change.Host, change.APIKey = strings.TrimPrefix(p.url, "http://"), keystore.NewSecret([]byte(apiKey))
	if change.Auth == "" {
		change.Key = &record.Key{KID: "k1", Signer: signer.NewRSA(key())}
	}
	if _, err := p.Manage().Store(t.Context(), "int", change); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = p.Erase(context.Background(), p.load(t)) })
	return p
}

func key() *rsa.PrivateKey { return keystoretest.Key(2048, 0) }

// serve starts a simulator.
func serve(t testing.TB, c simulator.Config) (*simulator.Simulator, string) {
	t.Helper()
	c.APIKey = apiKey
	c.JWKS = func() ([]byte, error) {
		k, err := apim.NewJWK(&key().PublicKey, "k1")
		if err != nil {
			return nil, err
		}
		return apim.JWKS(k)
	}
	sim := simulator.New(c)
	srv := httptest.NewServer(sim)
	t.Cleanup(srv.Close)
	return sim, srv.URL
}

func (p *place) load(t *testing.T) *profile.Profile {
	t.Helper()
	got, err := p.Config.Load("int")
	if err != nil {
		t.Fatal(err)
	}
	return got
}

func (p *place) source(t *testing.T) *oauth.TokenSource {
	t.Helper()
	return oauth.New(p.Helper, p.load(t))
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
