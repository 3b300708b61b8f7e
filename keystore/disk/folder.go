package disk

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
)

// CheckFolder checks one of cgp-cred's folders and all those above it: each is a real folder, this user's or root's,
// and no other user can write it. Anything else is an [UnsafeError]; a missing folder matches fs.ErrNotExist.
func CheckFolder(path string) error { return Unreadable(checkOwn(path)) }

func checkOwn(path string) error {
	return walk(filepath.Clean(path), max(ownNames(path), 1))
}

// MakeFolder makes a folder and the missing ones above it, each with mode 0700, and checks it as [CheckFolder] does. If
// other users can read one of cgp-cred's folders, it takes their rights away.
func MakeFolder(path string) error { return Unwritable(makeFolder(path)) }

func makeFolder(path string) error {
	path = filepath.Clean(path)
	for range 64 { // more than the folders in any of cgp-cred's paths
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

// ReadDir lists a folder. A missing one matches fs.ErrNotExist.
func ReadDir(path string) ([]fs.DirEntry, error) {
	entries, err := os.ReadDir(path)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		if unsafe := CheckFolder(path); unsafe != nil { // its text names the cause
			err = unsafe
		}
	}
	return entries, Unreadable(err)
}

// RemoveAll removes a folder and what is in it. A missing one is no error.
func RemoveAll(path string) error { return Unwritable(removeAll(path)) }

// shut removes other users' rights from one of cgp-cred's folders, if this user owns it.
func shut(path string) error {
	if ownNames(path) == 0 || private(path) {
		return nil
	}
	err := closeFolder(path)
	if errors.Is(err, fs.ErrPermission) || errors.Is(err, errReadOnly) {
		return nil // root's, or read-only: it was checked, and no other user can write it
	}
	return err
}
