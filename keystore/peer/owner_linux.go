package peer

import "golang.org/x/sys/unix"

// ownerOf returns the uid that the listening process had when it began to listen (SO_PEERCRED). The socket of a
// forwarded ssh-agent is sshd's, which makes it as the user who logged in. A socket that is not a Unix socket has the
// owner -1.
func ownerOf(fd int) (uid int, err error) {
	cred, err := unix.GetsockoptUcred(fd, unix.SOL_SOCKET, unix.SO_PEERCRED)
	if err != nil {
		return -1, err
	}
	return int(cred.Uid), nil
}
