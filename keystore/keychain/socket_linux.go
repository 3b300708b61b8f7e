package keychain

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/sys/unix"

	"cgp-cred/keystore"
	"cgp-cred/keystore/disk"
	"cgp-cred/keystore/printable"
)

// safeSocket returns path without symbolic links if only this user and root could put another socket there: the socket
// is this user's or root's, and so is each folder above it, which no other user can write. It may also be in a sticky
// folder such as /tmp, where others can't move this user's files.
func safeSocket(path string) (string, error) {
	socket, err := filepath.EvalSymlinks(path)
	if err != nil {
		return "", stale(err)
	}
	folder := filepath.Dir(socket)
	var st, above, top unix.Stat_t
	if err := errors.Join(unix.Lstat(socket, &st), unix.Lstat(folder, &above), unix.Lstat("/", &top)); err != nil {
		return "", stale(err)
	}
	uid := uint32(os.Geteuid()) // #nosec G115 -- a uid has 32 bits
	if st.Mode&unix.S_IFMT != unix.S_IFSOCK {
		return "", refuse(fmt.Sprintf("%q is not a socket", socket))
	}
	if st.Uid != uid && st.Uid != 0 {
		return "", foreign(fmt.Sprintf("%q belongs to uid %d, and you are uid %d", socket, st.Uid, uid))
	}
	for above.Mode&unix.S_ISVTX != 0 && folder != "/" {
		known := above.Uid == uid || above.Uid == 0
		if !known && above.Uid != top.Uid { // a user namespace that does not map root shows another owner
			return "", foreign(fmt.Sprintf("%q belongs to uid %d, and you are uid %d", folder, above.Uid, uid))
		}
		folder = filepath.Dir(folder)
		if !known {
			break // only root can have made it if the folder above is not sticky
		}
		if err := unix.Lstat(folder, &above); err != nil {
			return "", stale(err)
		}
	}
	var unsafe *disk.UnsafeError
	switch err := disk.CheckFolder(folder); {
	case errors.As(err, &unsafe):
		return "", foreign(unsafe.Error())
	case err != nil:
		return "", stale(err)
	}
	return socket, nil
}

// stale returns the error of an address that no process listens on, often one that tmux, screen or ssh kept from an
// earlier session.
func stale(err error) error {
	next := "run `unset " + busVariable + "` and try again\n" +
		keystore.FileInstead + "\n" + keystore.WithoutKeychain
	value, own := os.Getenv(busVariable), filepath.Join(disk.RuntimeFolder(), "bus")
	if isSocket(own) && value != "" && !strings.Contains(value, own) {
		next = "the address is of an earlier session: export " + busVariable + "=" + printable.Shell("unix:path="+own)
	}
	return &keystore.Error{
		Kind:   keystore.ErrUnavailable,
		Detail: "the session bus does not answer (" + busVariable + "): " + err.Error(), Next: next,
	}
}

func isSocket(path string) bool {
	info, err := os.Lstat(path)
	return err == nil && info.Mode().Type() == os.ModeSocket
}

func refuse(why string) error {
	return &keystore.Error{
		Kind: keystore.ErrDenied, Detail: "the session bus (" + busVariable + "): " + why,
		Next: "run `unset " + busVariable + "` and try again\n" +
			keystore.FileInstead + "\n" + keystore.WithoutKeychain,
	}
}

func foreign(why string) error {
	return &keystore.Error{
		Kind: keystore.ErrDenied, Detail: "the session bus belongs to another user: " + why,
		Next: "another user may be listening there: run `unset " + busVariable + "` and try again",
	}
}
