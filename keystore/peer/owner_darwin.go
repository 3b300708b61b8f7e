package peer

import "golang.org/x/sys/unix"

// ownerOf returns the uid of the process that listens (LOCAL_PEERCRED).
func ownerOf(fd int) (uid int, err error) {
	cred, err := unix.GetsockoptXucred(fd, unix.SOL_LOCAL, unix.LOCAL_PEERCRED)
	if err != nil {
		return -1, err
	}
	return int(cred.Uid), nil
}
