package apim

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/url"
	"os"

	"cgp-cred/keystore/printable"
)

// networkError makes the error of a request that got no whole answer.
func networkError(tokenURL string, err error) *Error {
	e := &Error{Class: Network, TokenURL: tokenURL, cause: &causeUnknown, err: err}
	host := printable.Text(HostOf(tokenURL))
	var (
		proxy  *proxyError
		name   *net.DNSError
		verify *tls.CertificateVerificationError
		dial   *net.OpError
	)
	switch {
	case errors.Is(err, context.Canceled):
		e.Class = Temporary
		e.what, e.hint = "interrupted while waiting for "+host, "run the command again"
	case errors.As(err, &proxy):
		e.Status, e.proxy = proxy.status, true
		e.what, e.hint = printable.Text(proxy.Error()), hintProxy
	case errors.Is(err, errProxyAddress):
		e.proxy = true
		e.what, e.hint = errProxyAddress.Error(), "write it as http://proxy.example:8080"
	case errors.Is(err, context.DeadlineExceeded), errors.Is(err, os.ErrDeadlineExceeded), timedOut(err):
		e.Class, e.retry = Temporary, true
		e.what, e.hint = host+" did not answer in time", "try again; on a slow network give more time: --timeout 60s"
	case errors.As(err, &name):
		e.what, e.hint = fmt.Sprintf("can't find the address of %s", printable.Text(name.Name)), "check the network, the VPN (HSCN) and the profile's host: cgp-cred status {profile}"
	case errors.As(err, &verify):
		e.what, e.hint = certificateText(host, verify)
	case errors.As(err, &dial) && dial.Op == "proxyconnect":
		e.proxy = true
		e.what, e.hint = "can't reach the proxy for "+host, "check HTTPS_PROXY and NO_PROXY"
	case errors.As(err, &dial) && dial.Op == "dial":
		e.what, e.hint = fmt.Sprintf("can't connect to %s: %s", host, printable.Text(dial.Err.Error())), "check the network, the VPN (HSCN) and the profile's host: cgp-cred status {profile}"
	default:
		e.retry = true
		e.what = fmt.Sprintf("the connection to %s broke: %s", host, printable.Text(bare(err).Error()))
		e.hint = "run the command again; if it stays, a proxy may be in the way: check HTTPS_PROXY and NO_PROXY"
	}
	return e
}

// bare takes off what net/http puts before the reason: the method and the URL.
func bare(err error) error {
	var u *url.Error
	if errors.As(err, &u) {
		return u.Err
	}
	return err
}

// timedOut reports a deadline of the transport's own: dial, TLS or headers.
func timedOut(err error) bool {
	var t net.Error
	return errors.As(err, &t) && t.Timeout()
}

// certificateText says what is wrong with a server's certificate and who issued it: on a network that inspects TLS the
// issuer's name tells which root is missing.
func certificateText(host string, err *tls.CertificateVerificationError) (what, hint string) {
	issuer := "an unknown issuer"
	if len(err.UnverifiedCertificates) > 0 {
		issuer = `"` + printable.Text(err.UnverifiedCertificates[0].Issuer.String()) + `"`
	}
	var (
		hostname x509.HostnameError
		invalid  x509.CertificateInvalidError
	)
	what = fmt.Sprintf("the certificate of %s was issued by %s, which this machine does not trust", host, issuer)
	hint = "a network that inspects TLS has a root of its own: ask its administrators for the PEM file, then --ca-file FILE"
	switch {
	case errors.As(err.Err, &hostname):
		what = fmt.Sprintf("the certificate presented for %s is for another name (issuer %s)", host, issuer)
	case errors.As(err.Err, &invalid) && invalid.Reason == x509.Expired:
		what = fmt.Sprintf("the certificate of %s (issuer %s) has expired or is not valid yet", host, issuer)
		hint = "check this machine's clock"
	}
	return what, hint
}
