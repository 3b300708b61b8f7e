package serve

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strconv"
	"syscall"

	"cgp-cred/keystore/fault"
)

// listen opens one port of both loopback addresses. Another program on one of the two would get the requests of clients
// that call localhost, and with them the random path: then another port is chosen. A machine without IPv6 has only the
// first address.
func listen(ctx context.Context, port int) ([]net.Listener, error) {
	const attempts = 20
	var (
		first, second net.Listener
		err           error
		config        net.ListenConfig
	)
	for range attempts {
		first, err = config.Listen(ctx, "tcp4", net.JoinHostPort("127.0.0.1", strconv.Itoa(port)))
		if err != nil {
			break
		}
		_, chosen, _ := net.SplitHostPort(first.Addr().String())
		second, err = config.Listen(ctx, "tcp6", net.JoinHostPort("::1", chosen))
		if err == nil {
			return []net.Listener{first, second}, nil
		}
		if !taken(err) {
			return []net.Listener{first}, nil
		}
		_ = first.Close()
		if port != 0 {
			break
		}
	}
	const hint = "leave out --port for any free port"
	return nil, fault.Wrap(fault.Usage, hint, fmt.Sprintf("listening on port %d", port), err)
}

// taken reports whether another program has the port, as opposed to a machine that has no such address.
func taken(err error) bool {
	return errors.Is(err, errInUse) || errors.Is(err, syscall.EACCES)
}
