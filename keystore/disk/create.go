package disk

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"cgp-cred/keystore/printable"
)

// maxOnce limits a file of [CreateOnce], in bytes.
const maxOnce = 4096

// CreateOnce makes a private file (0600) with data in it, at most 4096 bytes, unless the file exists. It returns the
// file's content: if many processes try at once, all get the same. It makes missing folders.
func CreateOnce(path string, data []byte) ([]byte, error) {
	got, err := readPublished(path)
	if !errors.Is(err, fs.ErrNotExist) {
		return got, err
	}
	temp, err := writeTemp(path, data, true)
	if err != nil {
		return nil, Unwritable(err)
	}
	err = publish(temp, path)
	if err != nil && !errors.Is(err, fs.ErrExist) {
		// This file system can neither rename without replacing nor link. A second process waits until the file has
		// content.
		err = writeNew(path, data, true)
	}
	if rmErr := remove(temp); rmErr != nil && !errors.Is(rmErr, fs.ErrNotExist) {
		err = errors.Join(err, rmErr)
	}
	if err != nil && !errors.Is(err, fs.ErrExist) {
		return nil, Unwritable(err)
	}
	if err := syncFolder(filepath.Dir(path)); err != nil {
		return nil, Unwritable(err)
	}
	return readPublished(path)
}

// readPublished reads the file. An empty file is being written by another process, so it waits for that a second.
func readPublished(path string) ([]byte, error) {
	for range 100 {
		got, err := ReadPrivate(path, maxOnce)
		if err != nil || len(got) > 0 {
			return got, err
		}
		time.Sleep(10 * time.Millisecond)
	}
	return nil, &UnsafeError{Path: path, Problem: "is empty", fix: "remove it: " + printable.Remove(path)}
}

// publish renames temp to path, or returns fs.ErrExist if path exists. A rename never leaves two names. Not every file
// system can rename without replacing, so publish then links, which some can't do either.
func publish(temp, path string) error {
	err := renameNew(temp, path)
	if err == nil || errors.Is(err, fs.ErrExist) {
		return err
	}
	return os.Link(temp, path)
}
