package oauth_test

import (
	"context"
	"crypto/rand"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"time"

	"golang.org/x/oauth2"

	"cgp-cred/helper"
	"cgp-cred/helper/apim"
	"cgp-cred/helper/manage"
	"cgp-cred/helper/oauth"
	"cgp-cred/helper/profile"
	"cgp-cred/helper/simulator"
	"cgp-cred/keystore"
	"cgp-cred/keystore/disk"
	"cgp-cred/keystore/record"
	"cgp-cred/keystore/signer"
)

func ExampleTransport() {
	source, url, end := exampleProfile() // in a program: source, err := oauth.Open("int")
	defer end()

	client := &http.Client{Transport: &oauth.Transport{Source: source}, Timeout: time.Minute}
	req, err := http.NewRequestWithContext(context.Background(), http.MethodGet, url+"/hello-world/hello/application",
		nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	res, err := client.Do(req)
	if err != nil {
		fmt.Println(err) // it says what is wrong and, by errors.As, what to do
		return
	}
	defer func() { _ = res.Body.Close() }()
	fmt.Println(res.Status)
	// Output: 200 OK
}

func ExampleTokenSource() {
	source, _, end := exampleProfile() // in a program: source, err := oauth.Open("int")
	defer end()

	var ts oauth2.TokenSource = source // for libraries that take one
	token, err := ts.Token()
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(token.Type(), token.Valid())
	// Output: Bearer true
}

// exampleProfile replaces a user's profile in the examples. It has a simulated APIM, and keys in memory.
func exampleProfile() (source *oauth.TokenSource, url string, end func()) {
	must := func(err error) {
		if err != nil {
			panic(err)
		}
	}
	folder := filepath.Join(os.TempDir(), "example-"+rand.Text())
	own := func(name string) string { return filepath.Join(folder, name, "cgp-cred") }
	keys := keystore.Memory()
	h := &helper.Helper{
		Config:      profile.Config{Folder: own("config")},
		Folders:     disk.Folders{Config: own("config"), State: own("state"), Runtime: own("run")},
		Keystore:    func(string) (keystore.Keystore, error) { return keys, nil },
		NewKeystore: profile.Memory,
		APIM:        func() (*apim.Client, error) { return &apim.Client{}, nil },
	}
	srv := httptest.NewServer(simulator.New(simulator.Config{JWKS: func() ([]byte, error) {
		k, err := apim.NewJWK(&key().PublicKey, "k1")
		must(err)
		return apim.JWKS(k)
	}}))
	stored, err := h.Manage().Store(context.Background(), "int", manage.Change{
		Host: strings.TrimPrefix(srv.URL, "http://"), APIKey: keystore.NewSecret([]byte(apiKey)),
		Key: &record.Key{KID: "k1", Signer: signer.NewRSA(key())},
	})
	must(err)
	return oauth.New(h, stored.Profile), srv.URL, func() {
		must(h.Erase(context.Background(), stored.Profile))
		srv.Close()
		must(os.RemoveAll(folder))
	}
}
