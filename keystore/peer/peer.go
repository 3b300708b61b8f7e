// Package peer identifies the other end of a socket: the owner of a Unix socket, the users who listen on a TCP port of
// this machine, and the user who connects to one.
package peer

import (
	"fmt"
	"net"
	"os"
	"runtime"
)

// CheckOwn returns nil if this user owns the process that listens at the other end of a Unix socket: the kernel keeps
// the uid that the process had when it began to listen. On macOS root's process passes too, because launchd makes the
// sockets of the programs that it starts. The error names the owner, or says that this system does not report one.
func CheckOwn(conn net.Conn) error {
	uid, err := ownerOf(conn)
	if err != nil {
		return fmt.Errorf("its owner is unknown on %s: %w", runtime.GOOS, err)
	}
	if own := os.Geteuid(); uid != own && (uid != 0 || runtime.GOOS != "darwin") {
		return fmt.Errorf("its process runs as uid %d, and you are uid %d", uid, own)
	}
	return nil
}

// Known reports whether this system reports the owner of the process at the other end of a Unix socket.
const Known = runtime.GOOS == "linux" || runtime.GOOS == "darwin"
