package renew

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"cgp-cred/keystore/disk"
)

// shared is a folder in memory that every user of a Linux machine can make a folder in.
const shared = "/dev/shm"

// FolderError: there is no place in memory for a token file.
type FolderError struct{ err error }

func (e *FolderError) Error() string {
	return fmt.Sprintf("there is no folder in memory for the token file: XDG_RUNTIME_DIR names none that is yours and closed to others (0700), and %v", e.err)
}

func (e *FolderError) Unwrap() error { return e.err }

// Hint is how to name a place.
func (e *FolderError) Hint() string {
	return "name a folder of yours: --token-dir DIR, on a cluster best one on the node itself"
}

// Folder makes a folder for token files: new, 0700, under a random name, so that nobody else can have made it or can
// look into it. It lies in the user's runtime folder, else in /dev/shm, never in /tmp; or in dir, where that is not
// empty. Without a place the error is a [*FolderError]; for a dir that can't be used one of package disk or os.
func Folder(f disk.Folders, dir string) (string, error) {
	if dir != "" {
		path, err := filepath.Abs(dir)
		if err != nil {
			return "", err
		}
		return newFolder(path, "cgp-cred-")
	}
	if f.Runtime != "" && f.Runtime != f.State { // else there is no runtime folder that is ours
		if disk.MakeFolder(f.Runtime) == nil {
			if path, err := newFolder(f.Runtime, "exec-"); err == nil {
				return path, nil
			}
		}
	}
	path, err := newFolder(shared, "cgp-cred-")
	if err != nil {
		return "", &FolderError{err: unavailable(err)}
	}
	return path, nil
}

// unavailable words why /dev/shm is no place.
func unavailable(err error) error {
	if errors.Is(err, fs.ErrNotExist) {
		return errors.New("there is no " + shared)
	}
	return fmt.Errorf("%s can't be used: %w", shared, err)
}

// newFolder makes a folder in another one, and removes it again where others could write or move it.
func newFolder(in, prefix string) (string, error) {
	path := filepath.Join(in, prefix+rand.Text())
	if err := os.Mkdir(path, 0o700); err != nil {
		return "", err
	}
	err := os.Chmod(path, 0o700) //nolint:gosec // a folder; the umask may have taken our own rights
	if err == nil {
		err = disk.CheckFolder(path)
	}
	if err != nil {
		return "", errors.Join(err, os.Remove(path))
	}
	return path, nil
}
