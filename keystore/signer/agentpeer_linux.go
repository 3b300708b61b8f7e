package signer

import (
	"fmt"
	"net"
	"os"

	"golang.org/x/sys/unix"
)

// ours returns nil if the process that listens is our own user's: SO_PEERCRED has its uid when it began to listen. The
// socket of a forwarded agent is sshd's, which makes it as the user who logged in.
func ours(conn net.Conn) error {
	var cred *unix.Ucred
	err := control(conn, func(fd int) (err error) {
		cred, err = unix.GetsockoptUcred(fd, unix.SOL_SOCKET, unix.SO_PEERCRED)
		return err
	})
	if err != nil {
		return notOurs("the uid of its owner is not known")
	}
	if uid := os.Geteuid(); int(cred.Uid) != uid {
		return notOurs(fmt.Sprintf("it is run by uid %d, we are uid %d", cred.Uid, uid))
	}
	return nil
}
