package renew

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"cgp-cred/keystore/disk"
	"cgp-cred/keystore/fault"
)

// shared is a folder in memory that every user of a Linux machine can make a folder in.
const shared = "/dev/shm"

// Folder makes a folder for token files: new, 0700, under a random name, so that nobody else can have made it or can
// look into it. It lies in the user's runtime folder, else in /dev/shm, never in /tmp; or in dir, where that is not
// empty. Otherwise the error says how to name a place.
func Folder(f disk.Folders, dir string) (string, error) {
	if dir != "" {
		path, err := filepath.Abs(dir)
		if err != nil {
			return "", disk.Unreadable(err)
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
		return "", fault.New(fault.Usage,
			"name a folder of yours: --token-dir DIR, on a cluster best one on the node itself",
			"there is no folder in memory for the token file: XDG_RUNTIME_DIR names none that is yours and closed to "+
				"others (0700), and %v", unavailable(err))
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
		if at := (*fs.PathError)(nil); errors.As(err, &at) { // the random name tells nobody anything
			err = at.Err
		}
		return "", fault.Wrap(fault.Usage, disk.WriteHint(path), fmt.Sprintf("no folder can be created in %q", in), err)
	}
	err := os.Chmod(path, 0o700) //nolint:gosec // a folder; the umask may have taken our own rights
	if err == nil {
		err = disk.CheckFolder(path)
	}
	if err != nil {
		return "", disk.Unwritable(errors.Join(err, os.Remove(path)))
	}
	return path, nil
}
