package disk

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
)

// CheckOutput fails if [WriteOutput] could not write the file: before a command does what can't be undone.
func CheckOutput(path string) error {
	_, temp, err := openOutput(path, true)
	if err == nil {
		err = errors.Join(temp.Close(), remove(temp.Name()))
	}
	return Unwritable(err)
}

// WriteOutput replaces a file that the user named for a result, whole or not at all. It makes no folder. Of symbolic
// links it follows only this user's and root's: another user could choose which of this user's files is replaced.
func WriteOutput(path string, data []byte, mode fs.FileMode) error {
	target, temp, err := openOutput(path, mode&0o077 == 0)
	if err != nil {
		return Unwritable(err)
	}
	defer remove(temp.Name()) //nolint:errcheck // it is gone after the rename
	_, err = temp.Write(data)
	err = errors.Join(err, temp.Chmod(mode))
	if err == nil {
		err = temp.Sync()
	}
	if err = errors.Join(err, temp.Close()); err == nil {
		err = rename(temp.Name(), target)
	}
	if err == nil {
		err = syncFolder(filepath.Dir(target))
	}
	if at := (*fs.PathError)(nil); errors.As(err, &at) {
		err = &fs.PathError{Op: at.Op, Path: target, Err: at.Err} // the temporary name tells the user nothing
	}
	return Unwritable(err)
}

// openOutput returns the file that path means, and a new temporary file next to it.
func openOutput(path string, private bool) (target string, temp *os.File, err error) {
	if target, err = followOwn(path); err != nil {
		return "", nil, err
	}
	info, err := os.Lstat(target)
	switch {
	case err == nil && !info.Mode().IsRegular():
		return "", nil, &UnsafeError{
			Path: target, Problem: "is not a regular file", fix: "name a file, or - for stdout",
		}
	case err != nil && !errors.Is(err, fs.ErrNotExist):
		return "", nil, err
	}
	if temp, err = createNew(tempName(target), private); err != nil {
		err = &fs.PathError{Op: "open", Path: target, Err: reason(err)}
	}
	return target, temp, err
}
