package disk

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"cgp-cred/keystore/fault"
	"cgp-cred/keystore/printable"
)

// Shared is a file at a path that the user named, which other programs, perhaps of other users, read while it is
// replaced again and again. Of symbolic links in the folders it follows only this user's and root's. The folder must
// exist, and no other user may write it or move it; a sticky folder such as /tmp is allowed.
type Shared struct {
	Path  string      // absolute
	Mode  fs.FileMode // of the file
	Group int         // number of its group; -1: the one that the system gives
	Open  bool        // other users may write the folder, and the user trusts them
}

// Check returns the file's path without symbolic links, or an error if the file can't be written: it is a link, a
// folder, a device or another user's, its folder is unsafe, or the user is not in the group.
func (s Shared) Check() (path string, err error) {
	if path, err = s.target(); err == nil {
		name := tempName(path)
		if err = writeNewFor(s.access(), name, nil, false); err == nil {
			err = remove(name)
		}
		err = named(err, path)
	}
	return path, Unwritable(err)
}

// Write replaces the file, whole or not at all. A reader that opens it sees the old content or the new one, always with
// the file's mode and group. A power failure may lose it.
func (s Shared) Write(data []byte) error {
	path, err := s.target()
	if err != nil {
		return Unwritable(err)
	}
	name := tempName(path)
	if err := writeNewFor(s.access(), name, data, false); err != nil {
		return Unwritable(named(err, path))
	}
	if err := rename(name, path); err != nil {
		return Unwritable(errors.Join(err, remove(name)))
	}
	return nil
}

func (s Shared) access() access {
	return access{mode: s.Mode, group: s.Group, private: s.Mode&0o077 == 0}
}

// Written returns when the file was written. An absent file, or one that is not this user's, was not.
func (s Shared) Written() (at time.Time, ok bool) {
	path, err := s.target()
	if err != nil {
		return at, false
	}
	info, err := os.Lstat(path)
	if err != nil {
		return at, false
	}
	return info.ModTime(), true
}

// target returns the path without symbolic links. It fails if the file must not be replaced.
func (s Shared) target() (string, error) {
	path, err := outputPath(s.Path, s.Open)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		folder := filepath.Dir(s.Path)
		return "", fault.New(fault.Usage, "make it first: "+printable.MakeFolder(folder, "750"),
			"the folder %q does not exist", folder)
	case err != nil:
		return "", err
	}
	for _, place := range []string{"/proc", "/sys", "/dev"} {
		if within := strings.HasPrefix(path, place+"/"); within && !strings.HasPrefix(path, "/dev/shm/") {
			return "", &UnsafeError{
				Path: path, Problem: "is a file of the system, in " + place, fix: "name another file",
			}
		}
	}
	info, err := os.Lstat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return path, nil
	case err != nil:
		return "", err
	case info.Mode()&fs.ModeSymlink != 0:
		return "", &UnsafeError{
			Path: path, Problem: "is a symbolic link",
			fix: "name the file itself: " + printable.Shell("readlink", "-f", path),
		}
	case !info.Mode().IsRegular():
		return "", &UnsafeError{
			Path: path, Problem: "is not a regular file",
			fix: "name a file: " + printable.Look(path),
		}
	}
	return path, notOurs(path, info)
}

// Sweep removes temporary files of this path that killed processes have left: all if this process holds a lock, so that
// no other one writes the file now, otherwise old ones.
func (s Shared) Sweep(locked bool) {
	path, err := s.target()
	switch {
	case err != nil:
	case locked:
		_, _ = RemoveTemps(path) // another user's stay
	default:
		sweep(path)
	}
}

// tempName returns a new name for what will replace path.
func tempName(path string) string {
	return filepath.Join(filepath.Dir(path), "."+filepath.Base(path)+"."+rand.Text()+".tmp")
}

// named puts path into an error about its temporary file, whose name tells the user nothing.
func named(err error, path string) error {
	if at := (*fs.PathError)(nil); errors.As(err, &at) {
		at.Path = path
	}
	return err
}

// groupError is the error of a group that this user can't give to a file.
type groupError struct {
	group int
	err   error
}

func (e *groupError) Error() string {
	var at *fs.PathError
	if errors.As(e.err, &at) {
		e.err = at.Err
	}
	return fmt.Sprintf("the file can't be given to group %d: %v", e.group, e.err)
}

func (e *groupError) Unwrap() error { return e.err }

// FaultClass returns [fault.Usage].
func (e *groupError) FaultClass() fault.Class { return fault.Usage }

// FaultHints says how to become a member.
func (e *groupError) FaultHints() []string {
	return []string{fmt.Sprintf("only a member can give a file to a group; id shows yours, and in systemd add "+
		"SupplementaryGroups=%d", e.group)}
}
