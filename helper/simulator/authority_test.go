package simulator

import (
	"crypto/rand"
	"crypto/x509"
	"errors"
	"net"
	"testing"
)

// TestAuthorityVouchesForLoopbackAlone plays an attacker with the authority's key.
func TestAuthorityVouchesForLoopbackAlone(t *testing.T) {
	t.Parallel()
	ca, key, err := newAuthority()
	if err != nil {
		t.Fatal(err)
	}
	roots := x509.NewCertPool()
	roots.AddCert(ca)
	tests := []struct {
		name string
		dns  string
		ip   net.IP
		ok   bool
	}{
		{name: "localhost", dns: "localhost", ok: true},
		{name: "127.0.0.1", ip: net.IPv4(127, 0, 0, 1), ok: true},
		{name: "::1", ip: net.IPv6loopback, ok: true},
		{name: "api.service.nhs.uk", dns: "api.service.nhs.uk"},
		{name: "localhost.example.test", dns: "localhost.example.test"},
		{name: "192.0.2.1", ip: net.IPv4(192, 0, 2, 1)},
		{name: "2001:db8::1", ip: net.ParseIP("2001:db8::1")},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			c := template("forged")
			if tt.dns != "" {
				c.DNSNames = []string{tt.dns}
			} else {
				c.IPAddresses = []net.IP{tt.ip}
			}
			der, err := x509.CreateCertificate(rand.Reader, c, ca, key.Public(), key)
			if err != nil {
				t.Fatal(err)
			}
			leaf, err := x509.ParseCertificate(der)
			if err != nil {
				t.Fatal(err)
			}
			_, err = leaf.Verify(x509.VerifyOptions{
				Roots: roots, DNSName: tt.name,
				KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageAny},
			})
			var invalid x509.CertificateInvalidError
			constrained := errors.As(err, &invalid) && invalid.Reason == x509.CANotAuthorizedForThisName
			if tt.ok && err != nil || !tt.ok && !constrained {
				t.Errorf("verifies with %v", err)
			}
		})
	}
}
