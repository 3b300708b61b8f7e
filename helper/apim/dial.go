package apim

import (
	"context"
	"net"
	"net/http"
	"net/netip"
	"sync"
)

// dial connects to an address. It never looks up localhost (RFC 6761 section 6.3): a name server could return another
// machine's address.
func dial(ctx context.Context, network, address string) (net.Conn, error) {
	dialer := &net.Dialer{Timeout: dialTimeout}
	name, port, err := net.SplitHostPort(address)
	if err != nil || lowerASCII(name) != localhost {
		return dialer.DialContext(ctx, network, address)
	}
	var first error
	for _, a := range loopbackAddresses(localhost) {
		conn, err := dialer.DialContext(ctx, network, net.JoinHostPort(a.String(), port))
		if err == nil {
			return conn, nil
		}
		if first == nil {
			first = err
		}
	}
	return nil, first
}

const localhost = "localhost"

// loopbackAddresses returns the addresses of a loopback host's name, without its port.
func loopbackAddresses(name string) []netip.Addr {
	if a, err := netip.ParseAddr(name); err == nil {
		return []netip.Addr{a}
	}
	return []netip.Addr{netip.AddrFrom4([4]byte{127, 0, 0, 1}), netip.IPv6Loopback()}
}

// Local returns a transport for requests to loopback hosts: they go through no proxy, and localhost is not looked up.
var Local = sync.OnceValue(func() http.RoundTripper {
	transport := &http.Transport{}
	if base, ok := http.DefaultTransport.(*http.Transport); ok {
		transport = base.Clone()
	}
	transport.Proxy, transport.DialContext = nil, dial
	return transport
})

// Remote returns a transport for https requests to other hosts: a proxy that the environment names is used or refused.
// It is http.DefaultTransport if that is not net/http's own.
var Remote = sync.OnceValue(func() http.RoundTripper {
	base, ok := http.DefaultTransport.(*http.Transport)
	if !ok {
		return http.DefaultTransport
	}
	transport := base.Clone()
	transport.Proxy = proxyOf
	return transport
})
