package renew

import (
	"crypto/rand"
	"path/filepath"
	"strings"
	"sync"

	"cgp-cred/keystore/disk"
	"cgp-cred/keystore/fault"
)

// held keeps this process's locks of token folders until it ends.
var held struct {
	sync.Mutex

	releases []func()
}

const lockSuffix = ".lock"

// onWindows makes a folder below cgp-cred's own on this machine, which does not roam: Windows has no folder in memory.
// A lock next to it, which ends with this process, tells the next process that the folder is in use. Folders of killed
// processes are removed.
func onWindows(state string) (string, error) {
	if state == "" {
		return "", fault.New(fault.Usage, "choose a folder: add --token-dir DIR",
			"there is no folder for the token file: the user's local folder is not known")
	}
	in := filepath.Join(state, "exec") // "tokens" is the cache's, which removes what is not its own
	if err := disk.MakeFolder(in); err != nil {
		return "", err
	}
	removeLeftOver(in)
	path := filepath.Join(in, "exec-"+rand.Text())
	release, got, err := disk.TryLock(path + lockSuffix)
	switch {
	case err != nil:
		return "", err
	case got == disk.Held:
		return "", fault.New(fault.Usage, "run the command again", "another program has %q open", path+lockSuffix)
	}
	held.Lock()
	held.releases = append(held.releases, release)
	held.Unlock()
	return path, disk.Unwritable(disk.MakePrivate(path))
}

// removeLeftOver removes the folders whose process has ended, as well as it can.
func removeLeftOver(in string) {
	entries, err := disk.ReadDir(in)
	if err != nil {
		return
	}
	for _, e := range entries {
		name, ok := strings.CutSuffix(e.Name(), lockSuffix)
		if !ok || !strings.HasPrefix(name, "exec-") {
			continue
		}
		lock := filepath.Join(in, e.Name())
		release, got, _ := disk.TryLock(lock)
		if got == disk.Acquired {
			err := disk.RemoveAll(filepath.Join(in, name))
			release()
			if err == nil {
				_ = disk.RemoveAll(lock)
			}
		}
	}
}
