package disk

import (
	"errors"
	"io/fs"
	"path/filepath"
	"runtime"
)

// shared are folders of this machine in which each of its users may make a folder. The first is in memory.
var shared = []string{"/dev/shm", "/run/lock"}

// Local returns where files may be that only this machine needs, whatever HOME is: the user's own runtime folder, or
// "" without one; and the folders in which every user of the machine can make a folder with [MakePrivate]. The
// first of these is in memory.
func (f Folders) Local() (runtime string, others []string) {
	if f.Runtime != f.State { // if they are the same, there is no runtime folder of this user
		runtime = f.Runtime
	}
	return runtime, shared
}

// OnDisk returns the folder for token files of a system that has none in memory: on Windows below the user's own folder
// that does not roam. It is "" on other systems.
func (f Folders) OnDisk() string {
	if runtime.GOOS != "windows" || f.State == "" {
		return ""
	}
	return filepath.Join(f.State, "tokens")
}

// MakePrivate makes a folder with mode 0700 in a folder that exists, or takes the one that is there. It is an error if
// other users could write to it, move it or look into it, if another user made it, and if it is a link; a folder that
// was made is then removed.
func MakePrivate(path string) error {
	err := makeOne(path)
	made := err == nil
	if made || errors.Is(err, fs.ErrExist) {
		err = checkOwn(path)
		if err == nil && !exclusive(path) {
			err = writable(path, "is not closed to other users", ownerOf(path), "chmod", "700")
		}
	}
	if err != nil && made {
		err = errors.Join(err, remove(path))
	}
	return err
}
