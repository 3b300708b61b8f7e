package disk

import (
	"errors"
	"os"
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

// rename gives a file another name, and replaces what has that name.
func rename(from, to string) error {
	return patient(func() error { return os.Rename(from, to) })
}

// remove removes a file or an empty folder.
func remove(path string) error {
	return patient(func() error { return os.Remove(path) })
}
