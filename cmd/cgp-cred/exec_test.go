package main

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"
	"time"

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

// A command is started with a token of at least half its life. Where there is no answer now it has what is left, with a
// warning; where the key is refused, nothing.
func TestLongCredential(t *testing.T) {
	t.Parallel()
	key := keystoretest.Key(2048, 0)
	sim := simulator.New(simulator.Config{JWKS: func() ([]byte, error) {
		k, err := apim.NewJWK(&key.PublicKey, "k1")
		if err != nil {
			return nil, err
		}
		return apim.JWKS(k)
	}, TokenLife: 150 * time.Second})
	const refusal = `{"error":"invalid_request","error_description":"Invalid 'iss'/'sub' claims in client_assertion JWT"}`
	status := 0
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if status != 0 {
			w.Header().Set("Retry-After", "3600")
			body := ""
			if status == http.StatusUnauthorized {
				w.Header().Set("Content-Type", "application/json")
				body = refusal
			}
			w.WriteHeader(status)
			_, _ = io.WriteString(w, body)
			return
		}
		sim.ServeHTTP(w, r)
	}))
	defer srv.Close()
	keys, folder, ahead := keystore.Memory(), t.TempDir(), time.Duration(0)
	own := func(name string) string { return filepath.Join(folder, name, "cgp-cred") }
	now := func() time.Time { return time.Now().Add(ahead) }
	h := &helper.Helper{
		Config:      profile.Config{Folder: own("config")},
		Folders:     disk.Folders{Config: own("config"), State: own("state"), Runtime: own("run")},
		Keystore:    func(string) (keystore.Keystore, error) { return keys, nil },
		NewKeystore: profile.Memory,
		APIM:        func() (*apim.Client, error) { return &apim.Client{Now: now}, nil },
		Now:         now,
	}
	stored, err := h.Manage().Store(t.Context(), "int", manage.Change{
		Host: strings.TrimPrefix(srv.URL, "http://"), APIKey: keystore.NewSecret([]byte("test-api-key-0123456789")),
		Key: &record.Key{KID: "k1", Signer: signer.NewRSA(key)},
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = h.Erase(context.Background(), stored.Profile) })
	var said strings.Builder
	a := &app{stderr: &said}
	get := func() (string, error) {
		c, err := a.longCredential(t.Context(), h, stored.Profile)
		return string(c.Secret.Reveal()), err
	}
	first, err := get()
	if err != nil {
		t.Fatal(err)
	}
	if again, err := get(); again != first || err != nil || sim.Minted() != 1 {
		t.Errorf("a fresh token was not used again: %v", err)
	}
	ahead = 80 * time.Second // less than half is left
	if second, err := get(); second == first || err != nil || said.Len() > 0 {
		t.Errorf("the first token came again: %v %q", err, said.String())
	}
	ahead += 80 * time.Second
	status = http.StatusServiceUnavailable
	if last, err := get(); last == "" || err != nil || !strings.Contains(said.String(), "can't get a new token; the command's token expires at ") {
		t.Errorf("no token: %v, %q", err, said.String())
	}
	status = http.StatusUnauthorized
	if tok, err := get(); err == nil || tok != "" {
		t.Error("a refusal was passed over")
	}
}
