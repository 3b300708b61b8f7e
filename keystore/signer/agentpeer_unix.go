//go:build linux || darwin

package signer

import "net"

// control runs f with the connection's descriptor.
func control(conn net.Conn, f func(fd int) error) error {
	raw, err := conn.(*net.UnixConn).SyscallConn()
	if err != nil {
		return err
	}
	if outer := raw.Control(func(fd uintptr) { err = f(int(fd)) }); outer != nil {
		return outer
	}
	return err
}
