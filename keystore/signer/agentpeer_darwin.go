package signer

import (
	"fmt"
	"net"
	"os"

	"golang.org/x/sys/unix"
)

// ours returns nil if the process that listens is our own user's, or root's: launchd makes the socket of the agent that
// macOS starts.
func ours(conn net.Conn) error {
	var cred *unix.Xucred
	err := control(conn, func(fd int) (err error) {
		cred, err = unix.GetsockoptXucred(fd, unix.SOL_LOCAL, unix.LOCAL_PEERCRED)
		return err
	})
	if err != nil {
		return notOurs("the uid of its owner is not known")
	}
	if uid := os.Geteuid(); int(cred.Uid) != uid && cred.Uid != 0 {
		return notOurs(fmt.Sprintf("it is run by uid %d, we are uid %d", cred.Uid, uid))
	}
	return nil
}
