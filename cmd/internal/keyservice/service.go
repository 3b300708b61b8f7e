// Package keyservice has look-alikes of services that keep keys, for tests of the programs in contrib. They are strict:
// what the service's documentation demands of a request is checked, and what its defaults would do wrong is refused.
package keyservice

import (
	"crypto"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"sync"

	"cgp-cred/keystore/keystoretest"
)

// Service is a look-alike that is serving. Its faults are those of any service; "" is none.
type Service struct {
	Handler http.Handler
	Log     io.Writer // gets a line for each request: method and path

	mu    sync.Mutex
	fault string
}

// Faults are the faults that a service can have.
var Faults = map[string]http.HandlerFunc{
	"hangs":     func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() },
	"proxy":     answer(http.StatusBadGateway, "<html>\n<h1>Bad Gateway</h1></html>"),
	"garbage":   answer(http.StatusOK, "<html>it works</html>"),
	"empty":     answer(http.StatusOK, ""),
	"redirects": redirect,
}

func answer(status int, text string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(status)
		_, _ = io.WriteString(w, text)
	}
}

// redirect sends the request to a path that every look-alike logs.
func redirect(w http.ResponseWriter, r *http.Request) {
	http.Redirect(w, r, "/redirected", http.StatusTemporaryRedirect)
}

// SetFault sets the fault of the next requests.
func (s *Service) SetFault(name string) error {
	if _, known := Faults[name]; !known && name != "" {
		return fmt.Errorf("fault %q is unknown", name)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.fault = name
	return nil
}

func (s *Service) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	_, _ = fmt.Fprintln(s.Log, r.Method, r.URL.Path)
	fault := Faults[s.fault]
	s.mu.Unlock()
	if fault != nil && r.URL.Path != "/redirected" {
		_, _ = io.Copy(io.Discard, r.Body) // so that the end of the connection is noticed
		fault(w, r)
		return
	}
	s.Handler.ServeHTTP(w, r)
}

// digestSize is the size of a SHA-512 digest.
const digestSize = 64

// sign returns the PKCS #1 v1.5 signature of a digest in base64.
func sign(k *rsa.PrivateKey, encoding *base64.Encoding, digest string) ([]byte, error) {
	raw, err := encoding.Strict().DecodeString(digest)
	switch {
	case err != nil:
		return nil, fmt.Errorf("the digest's encoding: %w", err)
	case len(raw) != digestSize:
		return nil, fmt.Errorf("the digest has %d bytes", len(raw))
	}
	return rsa.SignPKCS1v15(nil, k, crypto.SHA512, raw)
}

// der returns the SubjectPublicKeyInfo of a key.
func der(k *rsa.PrivateKey) []byte {
	raw, err := x509.MarshalPKIXPublicKey(&k.PublicKey)
	if err != nil {
		panic(err)
	}
	return raw
}

// body reads the JSON of a request into v, and refuses a member that v does not have.
func body(r *http.Request, v any) error {
	if t := r.Header.Get("Content-Type"); t != "application/json" && t != "application/x-amz-json-1.1" {
		return fmt.Errorf("the Content-Type is %q", t)
	}
	d := json.NewDecoder(r.Body)
	d.DisallowUnknownFields()
	if err := d.Decode(v); err != nil {
		return err
	}
	if d.More() {
		return errors.New("there is more than one value")
	}
	return nil
}

func reply(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	if v != nil {
		_ = json.NewEncoder(w).Encode(v) // the client may be gone
	}
}

// object is a JSON object.
type object = map[string]any

// key returns a published key: a different one for each number.
func key(bits, number int) *rsa.PrivateKey { return keystoretest.Key(bits, number) }
