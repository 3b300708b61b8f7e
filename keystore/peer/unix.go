//go:build !windows

package peer

import (
	"errors"
	"fmt"
	"os"
	"runtime"
	"syscall"

	"golang.org/x/sys/unix"
)

// CheckOwn returns nil if this user owns the process that listens at the other end of a Unix socket: the kernel keeps
// the uid that the process had when it began to listen. On macOS root's process passes too, because launchd makes the
// sockets of the programs that it starts. The error names the owner, or says that this system does not report one.
func CheckOwn(conn syscall.Conn) error {
	uid := -1
	err := control(conn, func(fd int) (err error) {
		uid, err = ownerOf(fd)
		return err
	})
	if err != nil {
		return fmt.Errorf("its owner is unknown on %s: %w", runtime.GOOS, err)
	}
	if own := os.Geteuid(); uid != own && (uid != 0 || runtime.GOOS != "darwin") {
		return fmt.Errorf("its process runs as uid %d, and you are uid %d", uid, own)
	}
	return nil
}

// control runs f with the connection's descriptor.
func control(conn syscall.Conn, f func(fd int) error) error {
	raw, err := conn.SyscallConn()
	if err != nil {
		return err
	}
	if outer := raw.Control(func(fd uintptr) { err = f(int(fd)) }); outer != nil {
		return outer
	}
	return err
}

// Alive reports whether the other end of a Unix socket still has the connection open.
func Alive(conn syscall.Conn) bool {
	err := control(conn, func(fd int) error {
		n, _, err := unix.Recvfrom(fd, make([]byte, 1), unix.MSG_PEEK|unix.MSG_DONTWAIT)
		if err == nil && n == 0 {
			return os.ErrClosed
		}
		return err
	})
	return err == nil || errors.Is(err, unix.EAGAIN)
}
