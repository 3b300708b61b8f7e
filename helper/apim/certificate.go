package apim

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"time"

	"cgp-cred/keystore/printable"
)

// certificateText says what is wrong with a server's certificate and who issued it: on a network that inspects TLS the
// issuer's name shows which root is missing.
func certificateText(host string, err *tls.CertificateVerificationError) (what, hint string) {
	issuer, from, until := "an unknown issuer", time.Time{}, time.Time{}
	if len(err.UnverifiedCertificates) > 0 {
		leaf := err.UnverifiedCertificates[0]
		issuer, from, until = `"`+printable.Text(leaf.Issuer.String())+`"`, leaf.NotBefore, leaf.NotAfter
	}
	var (
		hostname x509.HostnameError
		invalid  x509.CertificateInvalidError
	)
	switch {
	case errors.As(err.Err, &hostname):
		return fmt.Sprintf("the certificate presented for %s is for another name (issuer %s)", host, issuer),
			"another server answers for it: check the profile's host (cgp-cred status {profile}), {proxy-variable}, " +
				"and whether the network wants you to sign in"
	case errors.As(err.Err, &invalid) && invalid.Reason == x509.Expired:
		return fmt.Sprintf("the certificate of %s (issuer %s) is not valid now: it is valid from %s to %s",
				host, issuer, from.Format(time.DateOnly), until.Format(time.DateOnly)),
			"check this machine's clock; if it is right, tell the administrators of " + host
	}
	return fmt.Sprintf("the certificate of %s was issued by %s, which this machine does not trust", host, issuer),
		"if the network inspects TLS, ask its administrators for its root as a PEM file, then add --ca-file FILE"
}
