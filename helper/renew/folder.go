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

// shared is a folder in memory. Every user of a Linux machine can make a folder in it.
const shared = "/dev/shm"

// Folder makes a new folder for token files. It has mode 0700 and a random name, so that no other user can have made
// it or can look into it. It is in dir. If dir is empty, it is in the user's runtime folder, otherwise in /dev/shm,
// never in /tmp. If none of these can be used, the error says how to name a folder.
func Folder(f disk.Folders, dir string) (string, error) {
	if dir != "" {
		path, err := filepath.Abs(dir)
		if err != nil {
			return "", disk.Unreadable(err)
		}
		return newFolder(path, "cgp-cred-")
	}
	if f.Runtime != "" && f.Runtime != f.State { // if they are the same, there is no runtime folder of this user
		if disk.MakeFolder(f.Runtime) == nil {
			if path, err := newFolder(f.Runtime, "exec-"); err == nil {
				return path, nil
			}
		}
	}
	path, err := newFolder(shared, "cgp-cred-")
	if err != nil {
		return "", fault.New(fault.Usage, "choose a folder: add --token-dir DIR; on a cluster, use a disk of the node",
			"there is no folder in memory for the token file: XDG_RUNTIME_DIR does not name a folder that is yours "+
				"and closed to others (0700), and %v", unavailable(err))
	}
	return path, nil
}

// unavailable returns an error that says why /dev/shm can't be used.
func unavailable(err error) error {
	if errors.Is(err, fs.ErrNotExist) {
		return errors.New("there is no " + shared)
	}
	return fmt.Errorf("%s can't be used: %w", shared, err)
}

// newFolder makes a folder in another folder. It removes it again if other users could write to it or move it.
func newFolder(in, prefix string) (string, error) {
	path := filepath.Join(in, prefix+rand.Text())
	if err := os.Mkdir(path, 0o700); err != nil {
		if at := (*fs.PathError)(nil); errors.As(err, &at) { // the random name does not help the user
			err = at.Err
		}
		return "", fault.Wrap(fault.Usage, disk.WriteHint(path), fmt.Sprintf("no folder can be created in %q", in), err)
	}
	err := os.Chmod(path, 0o700) //nolint:gosec // a folder; the umask may have taken the owner's rights
	if err == nil {
		err = disk.CheckFolder(path)
	}
	if err != nil {
		return "", disk.Unwritable(errors.Join(err, os.Remove(path)))
	}
	return path, nil
}
