//go:build linux || darwin

package peer

import (
	"errors"
	"net"

	"golang.org/x/sys/unix"
)

// control runs f with the connection's descriptor.
func control(conn net.Conn, f func(fd int) error) error {
	socket, ok := conn.(*net.UnixConn)
	if !ok {
		return errors.New("it is not a Unix socket")
	}
	raw, err := socket.SyscallConn()
	if err != nil {
		return err
	}
	if outer := raw.Control(func(fd uintptr) { err = f(int(fd)) }); outer != nil {
		return outer
	}
	return err
}

// Alive reports whether the other end of a Unix socket still has the connection open.
func Alive(conn net.Conn) bool {
	err := control(conn, func(fd int) error {
		n, _, err := unix.Recvfrom(fd, make([]byte, 1), unix.MSG_PEEK|unix.MSG_DONTWAIT)
		if err == nil && n == 0 {
			return net.ErrClosed
		}
		return err
	})
	return err == nil || errors.Is(err, unix.EAGAIN)
}
