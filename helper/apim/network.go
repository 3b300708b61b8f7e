package apim

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"os"
	"strings"

	"cgp-cred/keystore/fault"
	"cgp-cred/keystore/printable"
)

const (
	hintReach = "check the network, the VPN (HSCN) and the profile's host: cgp-cred status {profile}"
	hintSlow  = "try again; on a slow network give more time: --timeout 60s"
)

// Failure returns the error of a request to an API of p that got no complete answer, because of err.
func Failure(address string, p Subject, err error) *Error {
	e := networkError(address, asked, redactor{}, err)
	e.About = p
	return e
}

// networkError returns the error for a request without a complete answer. far is the stage that the request reached;
// sent is what it held.
func networkError(tokenURL string, far stage, sent redactor, err error) *Error {
	e := &Error{Class: fault.Network, TokenURL: tokenURL, cause: &causeUnknown, err: err}
	w := routeTo(tokenURL)
	var (
		proxy *proxyError
		name  *net.DNSError
		dial  *net.OpError
		known *fault.Error
	)
	switch {
	case errors.Is(err, context.Canceled):
		e.Class = fault.Temporary
		e.what, e.hint = "interrupted while waiting for "+w.host, "run the command again"
	case errors.As(err, &proxy):
		e.refusedByProxy(w, proxy)
	case errors.As(err, &known): // from proxyOf
		e.proxy = true
		e.what, e.hint = known.Error(), strings.Join(known.FaultHints(), "\n")
	case errors.As(err, &name) && !name.IsTimeout:
		e.unknownName(w, name)
	case timedOut(err):
		e.Class, e.retry, e.proxy = fault.Temporary, true, w.proxy != "" && far > starting && far < throughProxy
		e.what, e.hint = w.late(far), hintSlow
		if far == lookingUp || far == connecting {
			e.hint = w.hint()
		}
		if far == connected && w.socks {
			e.hint = w.plainHint() + "\n" + e.hint
		}
	case errors.Is(err, errTooLong),
		strings.Contains(err.Error(), "response headers exceeded"): // net/http has no type for it
		e.what, e.hint = fmt.Sprintf("an answer that isn't APIM's: %s sent over 64 KiB", w.host), hintMiddle
	case errors.As(err, &dial) && dial.Op == "proxyconnect":
		e.noProxyConnection(w, dial.Err)
	case e.socksFailure(w, dial):
	case errors.As(err, &dial) && dial.Op == "dial":
		e.retry = true
		e.what, e.hint = fmt.Sprintf("can't connect to %s: %s", w.host, reason(dial)), w.hint()
	case e.handshake(w, err):
	default:
		e.retry = true
		why := printable.Text(sent.hide(bare(err).Error()))
		e.what = fmt.Sprintf("the connection to %s%s broke: %s", w.host, w.via(), why)
		e.hint = "run the command again; if it fails again, a proxy may be the cause: check {proxy}"
	}
	return e
}

// unknownName says that a name has no address, or that no name server answered.
func (e *Error) unknownName(w route, err *net.DNSError) {
	why := "no such host"
	if !err.IsNotFound {
		e.retry = true
		why = "no name server answered"
	}
	e.what, e.hint = "DNS lookup of "+printable.Text(err.Name)+" failed: "+why, w.hint()
	e.proxy = w.proxy != ""
}

// handshake sets the text if the TLS handshake failed, and reports whether it did. Another attempt would fail the same
// way. crypto/tls has no type for a version that is too low, only a text.
func (e *Error) handshake(w route, err error) bool {
	var (
		verify *tls.CertificateVerificationError
		record tls.RecordHeaderError
		alert  *net.OpError
	)
	switch {
	case errors.As(err, &verify):
		e.what, e.hint = certificateText(w.host, verify)
	case strings.Contains(err.Error(), "protocol version"):
		e.what = fmt.Sprintf("%s%s offers no TLS 1.2, and older versions are not safe", w.host, w.via())
		e.hint = "tell its administrators; or a proxy may be the cause: check {proxy}"
	case errors.As(err, &record), errors.Is(err, http.ErrSchemeMismatch):
		e.what, e.hint = fmt.Sprintf("%s%s answered without TLS", w.host, w.via()), hintMiddle
	case errors.As(err, &alert) && (alert.Op == "remote error" || alert.Op == "local error"):
		why := printable.Text(alert.Err.Error())
		e.what, e.hint = fmt.Sprintf("%s%s and this machine can't agree on TLS: %s", w.host, w.via(), why), hintMiddle
	default:
		return false
	}
	return true
}

// bare returns an error without the method and URL that net/http puts before it.
func bare(err error) error {
	var u *url.Error
	if errors.As(err, &u) {
		return u.Err
	}
	return err
}

// reason returns why a connection failed, without the operation and the address.
func reason(err error) string {
	var dial *net.OpError
	for errors.As(err, &dial) && dial.Err != nil {
		err = dial.Err
	}
	return printable.Text(err.Error())
}

// timedOut reports whether a deadline passed: the caller's, or the transport's own for dial, TLS or headers.
func timedOut(err error) bool {
	var t net.Error
	return errors.Is(err, context.DeadlineExceeded) || errors.Is(err, os.ErrDeadlineExceeded) ||
		errors.As(err, &t) && t.Timeout()
}
