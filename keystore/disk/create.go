package disk

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"cgp-cred/keystore/printable"
)

// maxOnce bounds a file of [CreateOnce], in bytes.
const maxOnce = 4096

// CreateOnce makes a private file (0600) with data in it, at most 4096 bytes, unless it is there already, and
// returns the content that stands: of many processes that try at once, all get the same. Missing folders are made.
func CreateOnce(path string, data []byte) ([]byte, error) {
	got, err := standing(path)
	if !errors.Is(err, fs.ErrNotExist) {
		return got, err
	}
	temp, err := writeTemp(path, data, true)
	if err != nil {
		return nil, Unwritable(err)
	}
	err = publish(temp, path)
	if err != nil && !errors.Is(err, fs.ErrExist) {
		// No such way on this file system. Who comes second waits until the file has content.
		err = writeNew(path, data, true)
	}
	if rmErr := os.Remove(temp); rmErr != nil && !errors.Is(rmErr, fs.ErrNotExist) {
		err = errors.Join(err, rmErr)
	}
	if err != nil && !errors.Is(err, fs.ErrExist) {
		return nil, Unwritable(err)
	}
	if err := syncFolder(filepath.Dir(path)); err != nil {
		return nil, Unwritable(err)
	}
	return standing(path)
}

// standing reads the file; one that is empty is being written by another process this moment.
func standing(path string) ([]byte, error) {
	for range 100 {
		got, err := ReadPrivate(path, maxOnce)
		if err != nil || len(got) > 0 {
			return got, err
		}
		time.Sleep(10 * time.Millisecond)
	}
	return nil, &UnsafeError{Path: path, Problem: "is empty", fix: "rm " + printable.Shell(path)}
}

// publish gives temp the name path, unless there is such a file (fs.ErrExist). A rename leaves no moment with two
// names; not all file systems can rename without replacing, nor can all link.
func publish(temp, path string) error {
	err := renameNew(temp, path)
	if err == nil || errors.Is(err, fs.ErrExist) {
		return err
	}
	return os.Link(temp, path)
}
