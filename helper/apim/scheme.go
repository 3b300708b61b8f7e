package apim

import (
	"context"
	"crypto/tls"
	"net"
	"time"
)

// probeTimeout bounds the question whether a server on this machine speaks TLS.
const probeTimeout = 2 * time.Second

// SchemeOf returns the scheme of the API at a host, as [ParseHost] returns it: https, except on this machine, where the
// server decides: https if it begins TLS. It is sent nothing, so its certificate does not matter here.
func SchemeOf(ctx context.Context, host string) string {
	if !Loopback(host) {
		return "https"
	}
	ctx, cancel := context.WithTimeout(ctx, probeTimeout)
	defer cancel()
	name, port := loopbackPort(host)
	conn, err := dial(ctx, "tcp", net.JoinHostPort(name, port))
	if err != nil {
		return "http"
	}
	defer conn.Close()                                 //nolint:errcheck // nothing was sent
	anyServer := &tls.Config{InsecureSkipVerify: true} //nolint:gosec // see above
	if tls.Client(conn, anyServer).HandshakeContext(ctx) != nil {
		return "http"
	}
	return "https"
}
