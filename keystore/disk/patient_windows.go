package disk

import (
	"errors"
	"os"
	"path/filepath"
	"syscall"
	"time"

	"golang.org/x/sys/windows"
)

// How long a call is repeated that another program's open file prevents, and the longest pause between two attempts.
const (
	patience = 2 * time.Second
	maxPause = 10 * time.Millisecond
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

// rename gives a file another name in its folder, and replaces what has that name. Programs that read that and let it
// be removed do not keep it from being replaced by a rename with POSIX semantics: os.Root asks for those, os.Rename
// does not.
func rename(from, to string) error {
	return patient(func() error {
		err := os.Rename(from, to)
		if inUse(err) && posixRename(from, to) == nil {
			return nil
		}
		if info, _ := os.Lstat(to); inUse(err) && info != nil && info.IsDir() {
			return &os.LinkError{Op: "rename", Old: from, New: to, Err: syscall.EISDIR} // no program has to close it
		}
		return err
	})
}

func posixRename(from, to string) error {
	root, err := os.OpenRoot(filepath.Dir(to))
	if err != nil {
		return err
	}
	return errors.Join(root.Rename(filepath.Base(from), filepath.Base(to)), root.Close())
}

// openFile opens a file that exists, and lets other programs replace it meanwhile.
func openFile(path string, flags int) (*os.File, error) {
	access := uint32(windows.GENERIC_READ)
	if flags&os.O_WRONLY != 0 {
		access = windows.FILE_APPEND_DATA | windows.FILE_READ_ATTRIBUTES | windows.SYNCHRONIZE
	}
	var h windows.Handle
	err := patient(func() (err error) {
		h, err = createFile(path, access, nil, windows.OPEN_EXISTING, windows.FILE_ATTRIBUTE_NORMAL)
		return err
	})
	if err != nil {
		return nil, err
	}
	return os.NewFile(uintptr(h), path), nil
}

// extended returns a path in the form in which it may have more than 260 characters.
func extended(path string) string {
	const long = 240 // a folder's path must leave room for a name
	if len(path) < long || !filepath.IsAbs(path) || path[0] == '\\' {
		return path
	}
	return `\\?\` + filepath.Clean(path)
}

// removeAll removes a folder and what is in it.
func removeAll(path string) error {
	return patient(func() error { return os.RemoveAll(path) })
}

// remove removes a file or an empty folder.
func remove(path string) error {
	return patient(func() error { return os.Remove(path) })
}
