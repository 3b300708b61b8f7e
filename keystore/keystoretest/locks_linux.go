package keystoretest

import (
	"os"
	"path/filepath"
	"time"

	"golang.org/x/sys/unix"
)

// sharedLocks are the folders in memory for the locks of users without a runtime folder.
const sharedLocks = "/dev/shm/cgp-cred-*"

// lockFolders returns those that there are.
func lockFolders() map[string]bool {
	there := map[string]bool{}
	folders, _ := filepath.Glob(sharedLocks) // the pattern is well-formed
	for _, f := range folders {
		there[f] = true
	}
	return there
}

// recent is the age below which another package's test may still look at a lock.
const recent = time.Minute

// sweepLocks removes the locks that tests have left since begun and that no process holds, and the folders that were
// not there before. A process that is about to take such a lock makes it again.
func sweepLocks(before map[string]bool, begun time.Time) {
	files, _ := filepath.Glob(sharedLocks + "/*.lock")
	for _, file := range files {
		info, err := os.Lstat(file)
		if err == nil && info.Mode().IsRegular() && info.ModTime().After(begun) && time.Since(info.ModTime()) > recent {
			removeUnheld(file)
		}
	}
	for folder := range lockFolders() {
		if !before[folder] {
			_ = os.Remove(folder) // fails while it is in use
		}
	}
}

func removeUnheld(file string) {
	fd, err := unix.Open(file, unix.O_RDWR|unix.O_NOFOLLOW|unix.O_CLOEXEC, 0)
	if err != nil {
		return
	}
	defer unix.Close(fd) //nolint:errcheck // nothing was written
	if unix.Flock(fd, unix.LOCK_EX|unix.LOCK_NB) == nil {
		_ = os.Remove(file)
	}
}
