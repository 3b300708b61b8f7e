package apim

import (
	"context"
	"fmt"
	"net/http/httptrace"
	"net/url"
	"strings"
	"sync/atomic"

	"cgp-cred/keystore/printable"
)

// stage is how far a request came: what it was waiting for when it timed out.
type stage int32

const (
	starting stage = iota
	lookingUp
	connecting
	connected    // if there is a proxy, it is asked for a connection to the host
	throughProxy // TLS begins
	asked
	answering
)

// progress records the stage of a request.
type progress struct{ now atomic.Int32 }

func (p *progress) reached(far stage) { p.now.Store(int32(far)) }
func (p *progress) stage() stage      { return stage(p.now.Load()) }

// watch returns a context for a request whose stages are recorded.
func (p *progress) watch(ctx context.Context) context.Context {
	return httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{
		DNSStart:     func(httptrace.DNSStartInfo) { p.reached(lookingUp) },
		ConnectStart: func(string, string) { p.reached(connecting) },
		ConnectDone: func(_, _ string, err error) {
			if err == nil {
				p.reached(connected)
			}
		},
		TLSHandshakeStart:    func() { p.reached(throughProxy) },
		WroteRequest:         func(httptrace.WroteRequestInfo) { p.reached(asked) },
		GotFirstResponseByte: func() { p.reached(answering) },
	})
}

// route names a request's target and proxy, escaped for printing.
type route struct {
	host  string
	proxy string // empty: no proxy
	named bool   // the proxy gets a user name

	variable string // which named the proxy
	socks    bool
}

// routeTo returns the route of a request to an address.
func routeTo(address string) route {
	w := route{host: printable.Text(HostOf(address))}
	u, err := url.Parse(address)
	if err != nil {
		return w
	}
	if p, err := chooseProxy(u); err == nil && p.Host != "" {
		w.proxy, w.named, w.variable = printable.Text(p.Host), p.url.User != nil, p.Variable
		w.socks = strings.HasPrefix(p.url.Scheme, "socks")
	}
	return w
}

// via returns a phrase that names the proxy, to follow the host's name.
func (w route) via() string {
	if w.proxy == "" {
		return ""
	}
	return ", through the proxy " + w.proxy + ","
}

// hint returns what to check if a connection can't be made.
func (w route) hint() string {
	if w.proxy != "" {
		return "check " + w.variable + " and NO_PROXY, and whether the proxy is up"
	}
	return hintReach
}

// late returns a text that says which server did not do what in time.
func (w route) late(far stage) string {
	first := w.host // the server that is connected to
	if w.proxy != "" {
		first = "the proxy " + w.proxy
	}
	switch {
	case far == lookingUp:
		return fmt.Sprintf("DNS lookup of %s failed: no name server answered in time", first)
	case far == connecting:
		return first + " did not accept a connection in time"
	case far == connected && w.proxy != "":
		return fmt.Sprintf("%s did not connect to %s in time", first, w.host)
	case far == throughProxy:
		return fmt.Sprintf("%s%s did not begin TLS in time", w.host, w.via())
	case far == answering:
		return fmt.Sprintf("%s%s did not finish its answer in time", w.host, w.via())
	}
	return fmt.Sprintf("%s%s did not answer in time", w.host, w.via())
}
