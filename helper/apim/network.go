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

// networkError makes the error of a request that got no whole answer. far is how far it came, sent what it held.
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
	case errors.As(err, &known): // of proxyOf
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
	case errors.Is(err, errTooLong), strings.Contains(err.Error(), "response headers exceeded"):
		// net/http has no type for it
		e.what, e.hint = fmt.Sprintf("an answer that isn't APIM's: %s sent over 64 KiB", w.host), hintMiddle
	case errors.As(err, &dial) && dial.Op == "proxyconnect":
		e.retry, e.proxy = true, true
		e.what, e.hint = fmt.Sprintf("can't reach the proxy %s for %s: %s", w.proxy, w.host, reason(dial.Err)), w.hint()
	case errors.As(err, &dial) && dial.Op == "dial":
		e.retry = true
		e.what, e.hint = fmt.Sprintf("can't connect to %s: %s", w.host, reason(dial)), w.hint()
	case e.handshake(w, err):
	default:
		e.retry = true
		e.what = fmt.Sprintf("the connection to %s%s broke: %s", w.host, w.via(),
			printable.Text(sent.hide(bare(err).Error())))
		e.hint = "run the command again; if it stays, a proxy may be in the way: check HTTPS_PROXY and NO_PROXY"
	}
	return e
}

// unknownName says that a name has no address, or that no name server can tell for now.
func (e *Error) unknownName(w route, err *net.DNSError) {
	e.what, e.hint = "can't find the address of "+printable.Text(err.Name), w.hint()
	if !err.IsNotFound {
		e.retry = true
		e.what += ": no name server could tell"
	}
	e.proxy = w.proxy != ""
}

// refusedByProxy says that a proxy does not connect us: not at all, not without a password, or not now.
func (e *Error) refusedByProxy(w route, p *proxyError) {
	e.Status, e.proxy = p.status, true
	e.what = printable.Text(p.Error())
	switch {
	case p.status == http.StatusProxyAuthRequired && w.named:
		e.hint = "correct the proxy's user name and password in HTTPS_PROXY, or name " + w.host +
			" in NO_PROXY where no proxy is needed"
	case p.status == http.StatusProxyAuthRequired:
		e.hint = hintProxy
	case p.status == http.StatusTooManyRequests || p.status >= http.StatusInternalServerError:
		e.Class = fault.Temporary
		e.hint = "the proxy may not reach " + w.host +
			" for now: run the command again in a minute, or ask its administrators"
	default:
		e.hint = "ask the proxy's administrators to let " + w.host +
			" through, or name it in NO_PROXY where no proxy is needed"
	}
}

// handshake says why no TLS came about, and reports whether that is what went wrong. The same would happen again.
// crypto/tls has no type for a version that is too low, only words.
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
		e.hint = "tell those who run it; or a proxy is in the way: check HTTPS_PROXY and NO_PROXY"
	case errors.As(err, &record), errors.Is(err, http.ErrSchemeMismatch):
		e.what, e.hint = fmt.Sprintf("%s%s answered without TLS", w.host, w.via()), hintMiddle
	case errors.As(err, &alert) && (alert.Op == "remote error" || alert.Op == "local error"):
		e.what, e.hint = fmt.Sprintf("%s%s and this machine can't agree on TLS: %s", w.host, w.via(),
			printable.Text(alert.Err.Error())), hintMiddle
	default:
		return false
	}
	return true
}

// bare takes off what net/http puts before the reason: the method and the URL.
func bare(err error) error {
	var u *url.Error
	if errors.As(err, &u) {
		return u.Err
	}
	return err
}

// reason is why a connection failed, without the operation and the address.
func reason(err error) string {
	var dial *net.OpError
	for errors.As(err, &dial) && dial.Err != nil {
		err = dial.Err
	}
	return printable.Text(err.Error())
}

// timedOut reports a deadline: the caller's, or the transport's own for dial, TLS or headers.
func timedOut(err error) bool {
	var t net.Error
	return errors.Is(err, context.DeadlineExceeded) || errors.Is(err, os.ErrDeadlineExceeded) ||
		errors.As(err, &t) && t.Timeout()
}
