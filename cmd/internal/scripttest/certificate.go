package scripttest

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"net"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
)

// authority is a certification authority, and a stranger who has the same key of a server signed by another.
type authority struct {
	pem []byte
	own map[string]tls.Certificate // by the layer that shows it
}

// certificates are the layers of TLS, each with what its certificate and its configuration differ in.
var certificates = map[string]func(c *x509.Certificate, t *tls.Config){
	"tls":      func(*x509.Certificate, *tls.Config) {},
	"stranger": func(*x509.Certificate, *tls.Config) {}, // by another authority
	"wrongname": func(c *x509.Certificate, _ *tls.Config) {
		c.DNSNames, c.IPAddresses = []string{"elsewhere.example"}, nil
	},
	"expired":  func(c *x509.Certificate, _ *tls.Config) { c.NotAfter = time.Now().Add(-time.Hour) },
	"tomorrow": func(c *x509.Certificate, _ *tls.Config) { c.NotBefore = time.Now().Add(24 * time.Hour) },
	"tls11": func(_ *x509.Certificate, t *tls.Config) {
		t.MinVersion, t.MaxVersion = tls.VersionTLS10, tls.VersionTLS11
	},
	"tls12": func(_ *x509.Certificate, t *tls.Config) { t.MaxVersion = tls.VersionTLS12 },
	"http1": func(_ *x509.Certificate, t *tls.Config) { t.NextProtos = []string{"http/1.1"} },
	"clientcert": func(_ *x509.Certificate, t *tls.Config) { // before TLS 1.3 the handshake waits for it
		t.ClientAuth, t.MaxVersion = tls.RequireAnyClientCert, tls.VersionTLS12
	},
}

// newAuthority makes an authority, and a certificate for each layer, for the names by which scripts call.
func newAuthority(ts *testscript.TestScript) *authority {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	ts.Check(err)
	ca, stranger := certificateOf("wire authority"), certificateOf("a stranger")
	for _, c := range []*x509.Certificate{ca, stranger} {
		c.IsCA, c.BasicConstraintsValid, c.KeyUsage = true, true, x509.KeyUsageCertSign
	}
	der, err := x509.CreateCertificate(rand.Reader, ca, ca, key.Public(), key)
	ts.Check(err)
	a := &authority{pem: pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), own: make(map[string]tls.Certificate)}
	for layer, change := range certificates {
		leaf, issuer := certificateOf("int.api.service.nhs.uk"), ca
		leaf.DNSNames = []string{"int.api.service.nhs.uk", "localhost"}
		leaf.IPAddresses = []net.IP{net.IPv4(127, 0, 0, 1), net.IPv6loopback}
		change(leaf, new(tls.Config))
		by := key
		if layer == "stranger" {
			issuer = stranger
			by, err = ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
			ts.Check(err)
		}
		der, err := x509.CreateCertificate(rand.Reader, leaf, issuer, key.Public(), by)
		ts.Check(err)
		a.own[layer] = tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}
	}
	return a
}

func certificateOf(name string) *x509.Certificate {
	return &x509.Certificate{
		SerialNumber: big.NewInt(time.Now().UnixNano()), Subject: pkix.Name{CommonName: name},
		NotBefore: time.Now().Add(-48 * time.Hour), NotAfter: time.Now().Add(48 * time.Hour),
	}
}

// config is a layer's.
func (a *authority) config(layer string) *tls.Config {
	t := &tls.Config{Certificates: []tls.Certificate{a.own[layer]}, MinVersion: tls.VersionTLS12, NextProtos: []string{"h2", "http/1.1"}}
	certificates[layer](new(x509.Certificate), t)
	return t
}
