// Package peer says who is at the other end of a socket: a Unix socket's owner, and the users who listen on a TCP port of
// this machine.
package peer

import (
	"errors"
	"fmt"
	"net"
	"os"
	"runtime"
)

// Errors of [CheckOwn].
var (
	// ErrForeign: another user runs it.
	ErrForeign = errors.New("another user runs it")
	// ErrUnknown: nothing says who runs it.
	ErrUnknown = errors.New("nothing says who runs it")
)

// Error says who is at the other end. Its chain has ErrForeign or ErrUnknown.
type foreignError struct{ uid, own int }

func (e *foreignError) Error() string {
	return fmt.Sprintf("it is run by uid %d, we are uid %d", e.uid, e.own)
}

func (e *foreignError) Unwrap() error { return ErrForeign }

// CheckOwn returns nil if the process that listens at the other end of a Unix socket is this user's: the kernel has its uid
// from when it began to listen. On macOS root's passes too: launchd makes the sockets of what it starts.
func CheckOwn(conn net.Conn) error {
	uid, err := ownerOf(conn)
	if err != nil {
		return fmt.Errorf("%w on %s: %w", ErrUnknown, runtime.GOOS, err)
	}
	if own := os.Geteuid(); uid != own && (uid != 0 || runtime.GOOS != "darwin") {
		return &foreignError{uid, own}
	}
	return nil
}
