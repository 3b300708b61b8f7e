package apim

import (
	"context"
	"crypto/tls"
	"fmt"
	"mime"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"time"

	"cgp-cred/keystore/fault"
	"cgp-cred/keystore/printable"
)

// Probe is the answer of an address to a GET, except its body, which is not read.
type Probe struct {
	URL    string
	Status int
	Type   string               // media type; empty: unknown
	Dated  bool                 // it had a Date header; without one Skew means nothing
	Skew   time.Duration        // this machine's clock minus the server's
	TLS    *tls.ConnectionState // nil over http
}

// Probe sends a GET to an address, with header added to the request. It returns a Probe for any answer, and an [Error]
// if there was no answer. It follows no redirect.
func (c *Client) Probe(ctx context.Context, address string, header http.Header) (Probe, error) {
	var reached progress
	req, err := http.NewRequestWithContext(reached.watch(ctx), http.MethodGet, address, http.NoBody)
	if err != nil {
		return Probe{}, fmt.Errorf("address to probe: %w", err)
	}
	for name, values := range header {
		req.Header[name] = values
	}
	req.Header.Set("User-Agent", "cgp-cred")
	client, err := c.http(address)
	if err != nil {
		return Probe{}, err
	}
	start := c.now()
	res, err := client.Do(req) // an address of the profile's own host
	if err != nil {
		return Probe{}, networkError(address, reached.stage(), redactor{}, err)
	}
	_ = res.Body.Close() // it is not read
	p := Probe{URL: address, Status: res.StatusCode, TLS: res.TLS}
	if kind, _, err := mime.ParseMediaType(res.Header.Get("Content-Type")); err == nil {
		p.Type = kind
	}
	if date := res.Header.Get("Date"); date != "" {
		_, err := http.ParseTime(date)
		p.Dated, p.Skew = err == nil, skewOf(date, start, c.now())
	}
	return p, nil
}

// Problem returns an [Error] for an answer that no APIM API gives when all is well, and nil for any other.
func (p Probe) Problem() error {
	e := &Error{Class: fault.Refused, Status: p.Status, TokenURL: p.URL, Skew: p.Skew, cause: &causeUnknown}
	what := fmt.Sprintf("%s answered %d", printable.Text(p.URL), p.Status)
	switch {
	case p.Status == http.StatusOK && p.Type != "text/html":
		return nil
	case p.Status == http.StatusNetworkAuthenticationRequired:
		e.Class = fault.Network
		e.what, e.hint = what+": the network wants you to sign in before it lets requests through", hintSignIn
	case p.Status == http.StatusTooManyRequests, p.Status == http.StatusRequestTimeout,
		p.Status >= http.StatusInternalServerError:
		e.Class, e.retry = fault.Temporary, true
		e.what, e.hint = what+": APIM or a server in front of it is failing", hintServer
	case p.Status == http.StatusUnauthorized, p.Status == http.StatusForbidden:
		e.what = what + ": this credential has no access to that API"
		e.hint = "subscribe the application to the API, in the flavour of this credential, " +
			"in the Developer Hub of {host}\n" + hintUser
	case p.Status == http.StatusNotFound:
		e.what, e.hint = what+": there is no such API", "check the profile's host and --api-name: cgp-cred status"
	case p.Status == http.StatusProxyAuthRequired:
		e.Class, e.proxy = fault.Network, true
		e.what, e.hint = "a proxy answered 407: it wants a user name and password", hintProxy
	case p.Status >= 300 && p.Status < 400:
		e.Class = fault.Network
		e.what, e.hint = what+", a redirect: it is not followed", hintMiddle
	default:
		kind := p.Type
		if kind == "" {
			kind = "unknown type"
		}
		e.Class = fault.Network
		e.what, e.hint = what+", "+printable.Text(kind)+": an answer that isn't APIM's", hintMiddle
	}
	return e
}

// LookUp returns the addresses of a host, with or without a port. It does not look up a loopback host. A failure is an
// [Error].
func LookUp(ctx context.Context, host string) ([]netip.Addr, error) {
	name := host
	if n, _, err := net.SplitHostPort(host); err == nil {
		name = n
	}
	name = strings.Trim(name, "[]")
	if Loopback(host) {
		return loopbackAddresses(name), nil
	}
	addresses, err := net.DefaultResolver.LookupNetIP(ctx, "ip", name)
	if err != nil {
		return nil, networkError("https://"+host, lookingUp, redactor{}, err)
	}
	return addresses, nil
}
