// Command bare does the least that a new token takes, and nothing else: it reads a profile's record from the keychain,
// rebuilds the RSA key, signs one assertion, sends it, and prints the token. No profile, check, lock, cache or
// deadline.
//
//	usage: bare PROFILE TOKEN_URL
package main

import (
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha512"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"time"

	"github.com/zalando/go-keyring"
)

func main() {
	if err := mint(os.Args[1], os.Args[2]); err != nil {
		panic(err)
	}
}

func mint(profile, endpoint string) error {
	text, err := keyring.Get("cgp-cred", profile)
	if err != nil {
		return err
	}
	var r record
	if err := json.Unmarshal([]byte(text), &r); err != nil {
		return err
	}
	key, err := r.key()
	if err != nil {
		return err
	}
	assertion, err := sign(key, r, endpoint)
	if err != nil {
		return err
	}
	reply, err := http.PostForm(endpoint, url.Values{
		"grant_type":            {"client_credentials"},
		"client_assertion_type": {"urn:ietf:params:oauth:client-assertion-type:jwt-bearer"},
		"client_assertion":      {assertion},
	})
	if err != nil {
		return err
	}
	defer reply.Body.Close() //nolint:errcheck // the process ends with it
	var token struct {
		AccessToken string `json:"access_token"`
	}
	if err := json.NewDecoder(reply.Body).Decode(&token); err != nil {
		return err
	}
	if token.AccessToken == "" {
		return fmt.Errorf("no token: %s", reply.Status)
	}
	_, err = fmt.Fprintln(os.Stdout, "Authorization: Bearer", token.AccessToken)
	return err
}

// sign makes the assertion.
func sign(key *rsa.PrivateKey, r record, endpoint string) (string, error) {
	header, err := json.Marshal(map[string]string{"alg": "RS512", "typ": "JWT", "kid": r.KID})
	if err != nil {
		return "", err
	}
	claims, err := json.Marshal(map[string]any{
		"iss": r.APIKey, "sub": r.APIKey, "aud": endpoint, "jti": rand.Text(), "exp": time.Now().Unix() + 150,
	})
	if err != nil {
		return "", err
	}
	enc := base64.RawURLEncoding.EncodeToString
	text := enc(header) + "." + enc(claims)
	digest := sha512.Sum512([]byte(text))
	signature, err := rsa.SignPKCS1v15(rand.Reader, key, crypto.SHA512, digest[:])
	return text + "." + enc(signature), err
}
