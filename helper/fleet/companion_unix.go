//go:build unix

package fleet

import (
	"fmt"
	"io/fs"
	"os"
	"syscall"
)

// unsafe says why the companion is not run, or returns "". It belongs to root, to this user or to the owner of
// cgp-cred's own file, and only users who can write that file can write it: in a folder such as /tmp, another user
// could have made it.
func unsafe(self string, info fs.FileInfo) string {
	own, err := os.Stat(self)
	if err != nil {
		return "can't be compared with cgp-cred's own file"
	}
	at, ok := info.Sys().(*syscall.Stat_t)
	mine, known := own.Sys().(*syscall.Stat_t)
	switch {
	case !ok || !known:
		return "has no owner"
	case !info.Mode().IsRegular():
		return "is not a regular file"
	case at.Uid != 0 && at.Uid != mine.Uid && int(at.Uid) != os.Geteuid():
		return fmt.Sprintf("belongs to uid %d", at.Uid)
	case info.Mode()&^own.Mode()&0o022 != 0 || info.Mode()&0o020 != 0 && at.Gid != mine.Gid:
		return "can be written by users who can't write cgp-cred"
	case info.Mode()&0o111 == 0:
		return "is not executable"
	}
	return ""
}
