//go:build unix

package disk

import (
	"errors"
	"os"

	"golang.org/x/sys/unix"
)

// noFollow makes opening a symbolic link an error.
const noFollow = unix.O_NOFOLLOW

// noBlock keeps the opening of a named pipe from waiting for a writer.
const noBlock = unix.O_NONBLOCK

// errReadOnly is the error of a file system that can't be written at all.
const errReadOnly = unix.EROFS

// syncFolder makes a rename survive a crash. Some file systems can't sync a folder and return EINVAL.
func syncFolder(path string) error {
	d, err := os.Open(path) //nolint:gosec // the caller's own folder, which was checked
	if err != nil {
		return err
	}
	err = d.Sync()
	if errors.Is(err, unix.EINVAL) || errors.Is(err, unix.ENOTSUP) {
		err = nil
	}
	return errors.Join(err, d.Close())
}

// RemoveLock removes the file of a lock that this process holds, and releases the lock. A process that has the file
// open notices that it has lost its name.
func RemoveLock(path string, release func()) {
	_ = os.Remove(path) // a lock file that stays is used again
	release()
}

// noLocks reports whether err says that the file system has no locks (NFS without its lock daemon, some FUSE).
func noLocks(err error) bool {
	for _, no := range []error{unix.ENOLCK, unix.ENOSYS, unix.EOPNOTSUPP, unix.ENOTSUP} { // two numbers on macOS
		if errors.Is(err, no) {
			return true
		}
	}
	return false
}
