package disk

import (
	"errors"
	"os"
	"path/filepath"
	"time"

	"golang.org/x/sys/windows"
)

// How long a call is repeated that another program's open file prevents, and the longest pause between two attempts.
const (
	patience = 2 * time.Second
	maxPause = 50 * time.Millisecond
)

// patient repeats a call while another program has the file open in a way that excludes it. Scanners, indexers, backups
// and synchronisation do that to every new file, for a moment.
func patient(call func() error) error {
	begun := time.Now()
	for pause := time.Millisecond; ; pause = min(2*pause, maxPause) {
		err := call()
		if !inUse(err) || time.Since(begun) > patience {
			return err
		}
		time.Sleep(pause)
	}
}

// inUse reports whether an error may be another program's open file. Windows also says ERROR_ACCESS_DENIED of a file
// that is open, or will be gone when it is closed.
func inUse(err error) bool {
	return errors.Is(err, windows.ERROR_SHARING_VIOLATION) || errors.Is(err, windows.ERROR_ACCESS_DENIED) ||
		errors.Is(err, windows.ERROR_LOCK_VIOLATION) || errors.Is(err, windows.ERROR_USER_MAPPED_FILE)
}

// rename gives a file another name in its folder, and replaces what has that name, even if it is open in a program that
// lets others remove it: a root's rename is POSIX's, which [os.Rename] is not.
func rename(from, to string) error {
	folder, err := os.OpenRoot(filepath.Dir(to))
	if err != nil {
		return err
	}
	defer folder.Close() //nolint:errcheck // nothing was written
	err = patient(func() error { return folder.Rename(filepath.Base(from), filepath.Base(to)) })
	if link := (*os.LinkError)(nil); errors.As(err, &link) {
		return &os.LinkError{Op: link.Op, Old: from, New: to, Err: link.Err} // it has the names within the folder
	}
	return err
}

// removeAll removes a folder and what is in it.
func removeAll(path string) error {
	return patient(func() error { return os.RemoveAll(path) })
}

// remove removes a file or an empty folder.
func remove(path string) error {
	return patient(func() error { return os.Remove(path) })
}
