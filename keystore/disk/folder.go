package disk

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
)

// CheckFolder checks a folder of ours and all those above it: not a symbolic link, ours or root's, and nobody else
// can write it. Anything else is an [UnsafeError]; a missing folder matches fs.ErrNotExist.
func CheckFolder(path string) error { return Unreadable(checkOwn(path)) }

func checkOwn(path string) error {
	return walk(filepath.Clean(path), max(ownNames(path), 1))
}

// MakeFolder makes a folder and those above it that are missing, each with mode 0700, and checks it as
// [CheckFolder] does. A folder of ours that others can read is closed to them.
func MakeFolder(path string) error { return Unwritable(makeFolder(path)) }

func makeFolder(path string) error {
	path = filepath.Clean(path)
	for range 64 { // more than the folders of any path of ours
		err := checkOwn(path)
		if err == nil {
			return shut(path)
		}
		var missing *fs.PathError
		if !errors.As(err, &missing) || !errors.Is(err, fs.ErrNotExist) {
			return err
		}
		if err := makeOne(missing.Path); err != nil && !errors.Is(err, fs.ErrExist) {
			return err
		}
	}
	return &fs.PathError{Op: "mkdir", Path: path, Err: errors.New("too many folders are missing")}
}

// ReadDir lists a folder. One that is missing matches fs.ErrNotExist.
func ReadDir(path string) ([]fs.DirEntry, error) {
	entries, err := os.ReadDir(path)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		if unsafe := CheckFolder(path); unsafe != nil { // it says what is wrong
			err = unsafe
		}
	}
	return entries, Unreadable(err)
}

func makeOne(path string) error {
	if err := os.Mkdir(path, 0o700); err != nil {
		return err
	}
	return os.Chmod(path, 0o700) //nolint:gosec // a folder; the umask may have taken our own rights
}

// shut takes everybody else's rights from a folder of this program's own, if it belongs to us.
func shut(path string) error {
	if ownNames(path) == 0 || private(path) {
		return nil
	}
	err := os.Chmod(path, 0o700) //nolint:gosec // a folder
	if errors.Is(err, fs.ErrPermission) || errors.Is(err, errReadOnly) {
		return nil // root's, or out of reach: checked, and nobody else can write it
	}
	return err
}
