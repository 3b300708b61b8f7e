package peer

import (
	"net"

	"golang.org/x/sys/unix"
)

// ownerOf returns the uid of the process that listens (LOCAL_PEERCRED).
func ownerOf(conn net.Conn) (uid int, err error) {
	err = control(conn, func(fd int) error {
		cred, err := unix.GetsockoptXucred(fd, unix.SOL_LOCAL, unix.LOCAL_PEERCRED)
		if err == nil {
			uid = int(cred.Uid)
		}
		return err
	})
	return uid, err
}
