package peer

import (
	"net"

	"golang.org/x/sys/unix"
)

// ownerOf returns the uid that the listening process had when it began to listen (SO_PEERCRED). The socket of a
// forwarded ssh-agent is sshd's, which makes it as the user who logged in.
func ownerOf(conn net.Conn) (uid int, err error) {
	err = control(conn, func(fd int) error {
		cred, err := unix.GetsockoptUcred(fd, unix.SOL_SOCKET, unix.SO_PEERCRED)
		if err == nil {
			uid = int(cred.Uid)
		}
		return err
	})
	return uid, err
}
