package apim

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"cgp-cred/keystore/fault"
	"cgp-cred/keystore/printable"
)

// proxyError is a proxy that refused a CONNECT request; [networkError] reads its fields.
type proxyError struct {
	host   string
	status int
	offers []string // ways to sign in, in lower case, of a 407
}

// checkConnect returns an error unless a proxy accepted a CONNECT request.
func checkConnect(_ context.Context, proxy *url.URL, _ *http.Request, r *http.Response) error {
	if r.StatusCode == http.StatusOK {
		return nil
	}
	return &proxyError{host: proxy.Host, status: r.StatusCode, offers: challenges(r.Header)}
}

func (e *proxyError) Error() string {
	text := fmt.Sprintf("proxy %s answered %d to CONNECT", e.host, e.status)
	if e.foreignSignIn() {
		text += ": " + e.wants()
	}
	return text
}

// wants names the ways to sign in that the proxy offers.
func (e *proxyError) wants() string {
	return "it wants a sign-in by " + strings.Join(e.offers, " or ") + ", and cgp-cred speaks only Basic"
}

// FaultClass returns [fault.Network].
func (e *proxyError) FaultClass() fault.Class { return fault.Network }

// FaultHints returns no hints: networkError knows more.
func (e *proxyError) FaultHints() []string { return nil }

// foreignSignIn reports whether the proxy offers only ways to sign in that net/http does not speak.
func (e *proxyError) foreignSignIn() bool {
	return e.status == http.StatusProxyAuthRequired && len(e.offers) > 0 && !slices.Contains(e.offers, "Basic")
}

// signIns are the registered names of ways to sign in (RFC 9110 section 11.1).
var signIns = []string{"Basic", "NTLM", "Negotiate", "Kerberos", "Digest", "Bearer"}

// challenges returns the ways to sign in that an answer offers. Text that no registry knows is left out.
func challenges(h http.Header) []string {
	var found []string
	for _, line := range h.Values("Proxy-Authenticate") {
		for i, part := range strings.Split(line, `"`) {
			if i%2 == 1 { // quoted
				continue
			}
			for entry := range strings.SplitSeq(part, ",") {
				word, _, _ := strings.Cut(strings.TrimSpace(entry), " ")
				for _, name := range signIns {
					if strings.EqualFold(name, word) && !slices.Contains(found, name) {
						found = append(found, name)
					}
				}
			}
		}
	}
	return found
}

// hintLocalProxy says how to pass a proxy that wants a Windows sign-in.
const hintLocalProxy = "run px (pip install px-proxy) or cntlm (apt-get install cntlm), a proxy on this machine that " +
	"signs in to the other one\n" +
	"then name it, with its own port: HTTPS_PROXY=http://127.0.0.1:3128"

// refusedByProxy says why a proxy refused the connection: always, without a password, or only for now.
func (e *Error) refusedByProxy(w route, p *proxyError) {
	e.Status, e.proxy = p.status, true
	e.what = printable.Text(p.Error())
	switch {
	case p.foreignSignIn():
		e.hint = hintLocalProxy
	case p.status == http.StatusProxyAuthRequired && w.named:
		e.hint = "correct the proxy's user name and password in " + w.variable + ", or name " + w.host +
			" in NO_PROXY if no proxy is needed"
	case p.status == http.StatusProxyAuthRequired:
		e.hint = hintProxy
	case p.status == http.StatusTooManyRequests || p.status == http.StatusRequestTimeout ||
		p.status >= http.StatusInternalServerError && p.status != http.StatusNetworkAuthenticationRequired:
		e.Class = fault.Temporary
		e.hint = "run the command again in a minute, or ask the proxy's administrators whether it can reach " + w.host
	case p.status == http.StatusNetworkAuthenticationRequired:
		e.hint = hintSignIn
	default:
		e.hint = "ask the proxy's administrators to let " + w.host +
			" through, or name it in NO_PROXY if no proxy is needed"
	}
}

// noProxyConnection says why there is no connection to the proxy itself.
func (e *Error) noProxyConnection(w route, err error) {
	var verify *tls.CertificateVerificationError
	var record tls.RecordHeaderError
	e.proxy = true
	switch {
	case errors.As(err, &verify):
		e.what, e.hint = certificateText("the proxy "+w.proxy, verify)
	case errors.As(err, &record):
		e.what = fmt.Sprintf("the proxy %s answered without TLS", w.proxy)
		e.hint = "if it is a plain proxy, write http:// instead of https:// in " + w.variable
	default:
		e.retry = true
		e.what, e.hint = fmt.Sprintf("can't reach the proxy %s for %s: %s", w.proxy, w.host, reason(err)), w.hint()
	}
}

// plainHint says what to do if a SOCKS proxy is not one.
func (w route) plainHint() string {
	return "if it is an HTTP proxy, write http:// instead of socks5:// in " + w.variable
}

// socksFailure sets the text if a SOCKS proxy made no connection, and reports whether that is so. net/http has only
// texts for it.
func (e *Error) socksFailure(w route, dial *net.OpError) bool {
	if dial == nil || !strings.HasPrefix(dial.Op, "socks") {
		return false
	}
	e.proxy = true
	why := strings.TrimPrefix(reason(dial.Err), "unknown error ")
	e.what = fmt.Sprintf("the proxy %s made no connection to %s: %s", w.proxy, w.host, why)
	switch {
	case strings.Contains(why, "protocol version"), strings.Contains(why, "reserved field"):
		e.what = fmt.Sprintf("the proxy %s does not speak SOCKS5", w.proxy)
		e.hint = w.plainHint()
	case strings.Contains(why, "authentication"), strings.Contains(why, "username"):
		e.hint = "correct the proxy's user name and password in " + w.variable
	case strings.Contains(why, "ruleset"):
		e.hint = "ask the proxy's administrators to let " + w.host +
			" through, or name it in NO_PROXY if no proxy is needed"
	default:
		e.retry, e.hint = true, w.hint()
	}
	return true
}
