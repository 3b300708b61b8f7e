package simulator

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"runtime"
	"time"

	"cgp-cred/keystore/fault"
)

const caFile = "ca.pem"

// authorityLife is how long a certification authority and the certificates that it signs are valid.
const authorityLife = 24 * time.Hour

// authority makes a certification authority for loopback addresses only. It writes the authority's certificate to a
// file in a new folder, and returns the folder and the TLS configuration for servers at some addresses. The keys exist
// only in memory. A client that keeps trusting the authority trusts it only for this machine.
func authority(at ...net.Addr) (folder string, config *tls.Config, err error) {
	ca, caKey, err := newAuthority()
	if err != nil {
		return "", nil, fmt.Errorf("making a certification authority: %w", err)
	}
	leaf, err := newCertificate(ca, caKey, at)
	if err != nil {
		return "", nil, fmt.Errorf("making a certificate: %w", err)
	}
	folder, err = os.MkdirTemp("", "cgp-cred-simulate-") // random name, 0700
	if err != nil {
		return "", nil, noRoom("making a folder for the certificate", err)
	}
	text := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: ca.Raw})
	if err := os.WriteFile(filepath.Join(folder, caFile), text, 0o600); err != nil {
		_ = os.RemoveAll(folder)
		return "", nil, noRoom("writing the certificate", err)
	}
	return folder, &tls.Config{
		Certificates: []tls.Certificate{leaf},
		MinVersion:   tls.VersionTLS12,
		NextProtos:   []string{"http/1.1"}, // faults need a connection that carries one request at a time
	}, nil
}

// noRoom returns the error for a temporary folder that can't be written.
func noRoom(what string, err error) error {
	look, variable := "df %[1]s; ls -ld %[1]s", "TMPDIR"
	if runtime.GOOS == "windows" {
		look, variable = "dir %[1]s; icacls %[1]s", "TMP"
	}
	hint := fmt.Sprintf("check free space and permissions ("+look+"), or name another folder in %[2]s",
		os.TempDir(), variable)
	return fault.Wrap(fault.Usage, hint, what, err)
}

func newAuthority() (*x509.Certificate, *ecdsa.PrivateKey, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, nil, err
	}
	c := template("cgp-cred simulate: test authority, trust it for nothing else")
	c.IsCA, c.BasicConstraintsValid, c.MaxPathLenZero = true, true, true
	c.KeyUsage = x509.KeyUsageCertSign
	c.PermittedDNSDomainsCritical = true // makes the whole extension critical (RFC 5280 section 4.2.1.10)
	c.PermittedDNSDomains = []string{"localhost"}
	c.PermittedIPRanges = []*net.IPNet{
		{IP: net.IPv4(127, 0, 0, 0).To4(), Mask: net.CIDRMask(8, 32)},
		{IP: net.IPv6loopback, Mask: net.CIDRMask(128, 128)},
	}
	der, err := x509.CreateCertificate(rand.Reader, c, c, key.Public(), key)
	if err != nil {
		return nil, nil, err
	}
	ca, err := x509.ParseCertificate(der)
	return ca, key, err
}

func newCertificate(ca *x509.Certificate, caKey *ecdsa.PrivateKey, at []net.Addr) (tls.Certificate, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return tls.Certificate{}, err
	}
	c := template("localhost")
	c.KeyUsage = x509.KeyUsageDigitalSignature
	c.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}
	c.DNSNames = []string{"localhost"}
	c.IPAddresses = []net.IP{net.IPv4(127, 0, 0, 1), net.IPv6loopback}
	for _, a := range at {
		if tcp, ok := a.(*net.TCPAddr); ok && tcp.IP.IsLoopback() {
			c.IPAddresses = append(c.IPAddresses, tcp.IP) // such as 127.0.0.2
		}
	}
	der, err := x509.CreateCertificate(rand.Reader, c, ca, key.Public(), caKey)
	if err != nil {
		return tls.Certificate{}, err
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, nil
}

// template returns what both certificates have in common. They follow the system's clock, as clients do, not the
// simulated clock.
func template(name string) *x509.Certificate {
	serial, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 120))
	if err != nil {
		panic(err) // crypto/rand.Reader never fails
	}
	now := time.Now()
	return &x509.Certificate{
		SerialNumber: serial,
		Subject:      pkix.Name{CommonName: name},
		NotBefore:    now.Add(-time.Minute),
		NotAfter:     now.Add(authorityLife),
	}
}
