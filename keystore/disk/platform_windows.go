package disk

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"golang.org/x/sys/windows"
)

// noFollow is 0: Windows needs a privilege to make a symbolic link, and has no flag to refuse one.
const noFollow = 0

// noBlock is 0: a named pipe of Windows is not in a folder.
const noBlock = 0

// errReadOnly is the error of a medium that can't be written at all.
const errReadOnly = windows.ERROR_WRITE_PROTECT

// ReadFile reads a regular file of at most limit bytes, not a symbolic link. The rights that it inherits from the
// user's profile folder decide who can write it. A missing file matches fs.ErrNotExist.
func ReadFile(path string, limit int64) ([]byte, error) {
	got, err := readFile(path, limit)
	return got, Unreadable(err)
}

func readFile(path string, limit int64) ([]byte, error) {
	if !filepath.IsAbs(path) {
		return nil, relative(path)
	}
	at, err := os.Lstat(path)
	if err != nil {
		return nil, err
	}
	if at.Mode()&fs.ModeSymlink != 0 {
		return nil, symlink(path)
	}
	if !at.Mode().IsRegular() {
		return nil, irregular(path)
	}
	f, err := os.Open(path) //nolint:gosec // the caller's own file
	if err != nil {
		return nil, err
	}
	defer f.Close() //nolint:errcheck // nothing was written
	opened, err := f.Stat()
	if err != nil {
		return nil, err
	}
	if !os.SameFile(at, opened) {
		return nil, irregular(path)
	}
	b, err := io.ReadAll(io.LimitReader(f, limit+1))
	if err == nil && int64(len(b)) > limit {
		err = tooLarge(path, limit)
	}
	if err != nil {
		return nil, err
	}
	return b, nil
}

// ReadPrivate is ReadFile: the file inherits its rights from the user's profile folder.
func ReadPrivate(path string, limit int64) ([]byte, error) { return ReadFile(path, limit) }

// walk checks the folder itself. A missing one is an fs.PathError that names the highest missing folder.
func walk(path string, strict int) error {
	if !filepath.IsAbs(path) {
		return relative(path)
	}
	info, err := os.Lstat(path)
	if err != nil {
		if up := filepath.Dir(path); errors.Is(err, fs.ErrNotExist) && up != path {
			if err := walk(up, 0); err != nil {
				return err
			}
		}
		return &fs.PathError{Op: "lstat", Path: path, Err: windows.ERROR_PATH_NOT_FOUND}
	}
	switch {
	case info.Mode()&fs.ModeSymlink != 0 && strict > 0:
		return symlink(path)
	case info.Mode()&fs.ModeSymlink == 0 && !info.IsDir():
		return notFolder(path, above)
	}
	return nil
}

// ownNames returns 0: Windows needs no distinction between folders.
func ownNames(string) int { return 0 }

// private returns false: Windows has no runtime folder.
func private(string) bool { return false }

// exclusive returns true: a folder inherits its rights.
func exclusive(string) bool { return true }

// syncFolder does nothing: Windows can't sync a folder, and its file systems order a rename themselves.
func syncFolder(string) error { return nil }

// noLocks reports whether err says that the file system has no locks.
func noLocks(err error) bool {
	return errors.Is(err, windows.ERROR_NOT_SUPPORTED) || errors.Is(err, windows.ERROR_INVALID_FUNCTION)
}
