// Package helpertest is a user's machine for tests: folders, a keystore in memory, and a simulated APIM to talk to.
package helpertest

import (
	"context"
	"crypto/rsa"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"cgp-cred/helper"
	"cgp-cred/helper/apim"
	"cgp-cred/helper/manage"
	"cgp-cred/helper/profile"
	"cgp-cred/helper/simulator"
	"cgp-cred/keystore"
	"cgp-cred/keystore/disk"
	"cgp-cred/keystore/keystoretest"
	"cgp-cred/keystore/record"
	"cgp-cred/keystore/signer"
)

// APIKey is the API key of the profile "int".
const APIKey = "test-api-key-0123456789abcdef"

// Key returns the private key of the profile "int", registered as "k1".
func Key() *rsa.PrivateKey { return keystoretest.Key(2048, 0) }

// Config completes the configuration of a simulator that knows APIKey, and Key as "k1".
func Config(c simulator.Config) simulator.Config {
	if c.JWKS == nil {
		c.JWKS = func() ([]byte, error) {
			k, err := apim.NewJWK(&Key().PublicKey, "k1")
			if err != nil {
				return nil, err
			}
			return apim.JWKS(k)
		}
	}
	if c.APIKey == "" {
		c.APIKey = APIKey
	}
	return c
}

// Place is one user's machine: folders, a keystore, and an APIM to talk to.
type Place struct {
	*helper.Helper

	Keys     keystore.Keystore
	Sim      *simulator.Simulator
	Server   simulator.Config // of Sim
	Host     string           // of Sim
	API      http.Handler     // answers in place of Sim what is no token request; nil: Sim
	Warnings []string

	mu sync.Mutex // guards Warnings
}

// New starts a simulator that knows Key as "k1", and stores a profile "int" for it.
func New(t *testing.T, c simulator.Config) *Place {
	t.Helper()
	return NewWith(t, c, manage.Change{})
}

// NewWith is New with another profile: of a method without a key, for one API.
func NewWith(t *testing.T, c simulator.Config, change manage.Change) *Place {
	t.Helper()
	folder := t.TempDir()
	p := &Place{Keys: keystore.Memory()}
	own := func(name string) string { return filepath.Join(folder, name, "cgp-cred") }
	p.Helper = &helper.Helper{
		Config:      profile.Config{Folder: own("config")},
		Folders:     disk.Folders{Config: own("config"), State: own("state"), Runtime: own("run")},
		Keystore:    func(string) (keystore.Keystore, error) { return p.Keys, nil },
		NewKeystore: profile.Memory,
		APIM:        func() (*apim.Client, error) { return &apim.Client{}, nil },
		Warn: func(text string) {
			p.mu.Lock()
			defer p.mu.Unlock()
			p.Warnings = append(p.Warnings, text)
		},
	}
	p.Server = Config(c)
	p.Sim = simulator.New(p.Server)
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if p.API != nil && !strings.HasPrefix(r.URL.Path, "/oauth2") {
			p.API.ServeHTTP(w, r)
			return
		}
		p.Sim.ServeHTTP(w, r)
	}))
	t.Cleanup(srv.Close)
	p.Host = strings.TrimPrefix(srv.URL, "http://")
	change.Host, change.APIKey = p.Host, keystore.NewSecret([]byte(APIKey))
	if change.Auth == "" {
		change.Key = &record.Key{KID: "k1", Signer: signer.NewRSA(Key())}
	}
	if _, err := p.Manage().Store(t.Context(), "int", change); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if profile, err := p.Config.Load("int"); err == nil {
			_ = p.Erase(context.Background(), profile)
		}
	})
	return p
}

// Load reads the profile "int".
func (p *Place) Load(t *testing.T) *profile.Profile {
	t.Helper()
	got, err := p.Config.Load("int")
	if err != nil {
		t.Fatal(err)
	}
	return got
}

// Fails replaces the simulator by one with a fault.
func (p *Place) Fails(t *testing.T, fault string) {
	t.Helper()
	f, err := simulator.ParseFault(fault)
	if err != nil {
		t.Fatal(err)
	}
	c := p.Server
	c.Faults = []simulator.Fault{f}
	p.Sim = simulator.New(c)
}
