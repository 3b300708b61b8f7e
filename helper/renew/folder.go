package renew

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"

	"cgp-cred/keystore/disk"
	"cgp-cred/keystore/fault"
)

// Folder makes a new folder for token files. It has mode 0700 and a random name, so that no other user can have made
// it or can look into it. It is in dir. If dir is empty, it is in the user's runtime folder, otherwise in /dev/shm, on
// macOS in the user's own folder for temporary files, on Windows below the state folder, never in /tmp. If none of
// these can be used, the error says how to name a folder. Folder reports whether it has chosen a folder on a disk.
func Folder(f disk.Folders, dir string) (path string, onDisk bool, err error) {
	if dir != "" {
		path, err := filepath.Abs(dir)
		if err != nil {
			return "", false, disk.Unreadable(err)
		}
		path, err = newFolder(path, "cgp-cred-")
		return path, false, err
	}
	own, others := f.Local()
	if own != "" && disk.MakeFolder(own) == nil {
		if path, err := newFolder(own, "exec-"); err == nil {
			return path, false, nil
		}
	}
	if system == "darwin" {
		path, err = onMac()
		return path, err == nil, err
	}
	if system == "windows" {
		path, err = onWindows(f.State)
		return path, err == nil, err
	}
	path, err = newFolder(others[0], "cgp-cred-")
	if err != nil {
		return "", false, fault.New(fault.Usage,
			"choose a folder: add --token-dir DIR; on a cluster, use a disk of the node",
			"there is no folder in memory for the token file: XDG_RUNTIME_DIR does not name a folder that is yours "+
				"and closed to others (0700), and %v", unavailable(others[0], err))
	}
	return path, false, nil
}

// unavailable returns an error that says why a folder in memory can't be used.
func unavailable(memory string, err error) error {
	if errors.Is(err, fs.ErrNotExist) {
		return errors.New("there is no " + memory)
	}
	return fmt.Errorf("%s can't be used: %w", memory, err)
}

// newFolder makes a folder in another folder.
func newFolder(in, prefix string) (string, error) {
	path := filepath.Join(in, prefix+rand.Text())
	err := disk.MakePrivate(path)
	if at := (*fs.PathError)(nil); errors.As(err, &at) && at.Path == path { // the random name does not help the user
		what := fmt.Sprintf("no folder can be created in %q", in)
		return "", fault.Wrap(fault.Usage, disk.WriteHint(path), what, at.Err)
	}
	if err != nil {
		return "", disk.Unwritable(err)
	}
	return path, nil
}
