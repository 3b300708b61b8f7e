// Package peer says who is at the other end of a socket: the owner of a Unix socket, and the users who listen on a TCP
// port of this machine.
package peer

import (
	"fmt"
	"net"
	"os"
	"runtime"
)

// CheckOwn returns nil if the process that listens at the other end of a Unix socket is this user's: the kernel has its
// uid from when it began to listen. On macOS root's passes too: launchd makes the sockets of what it starts. Otherwise
// the error says whose it is, or that this system does not tell.
func CheckOwn(conn net.Conn) error {
	uid, err := ownerOf(conn)
	if err != nil {
		return fmt.Errorf("nothing says who runs it on %s: %w", runtime.GOOS, err)
	}
	if own := os.Geteuid(); uid != own && (uid != 0 || runtime.GOOS != "darwin") {
		return fmt.Errorf("it is run by uid %d, we are uid %d", uid, own)
	}
	return nil
}

// Known reports whether this system tells who runs the process at the other end of a Unix socket.
const Known = runtime.GOOS == "linux" || runtime.GOOS == "darwin"
