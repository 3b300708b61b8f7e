//go:build unix

package keystoretest

import (
	"os"
	"os/exec"
	"syscall"
)

// users reports whether this process can start another user's, and whether that one reaches the folder for
// temporary files.
func users() bool {
	const nobody = 65534
	if os.Geteuid() != 0 {
		return false
	}
	cmd := exec.Command("/bin/sh", "-c", `cd "$1" && d=$(mktemp -d "$1/cgpXXXXXXXX") && rmdir "$d"`, "sh", os.TempDir())
	cmd.Dir = "/"
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: nobody, Gid: nobody}}
	return cmd.Run() == nil
}

// owner is the user that a folder belongs to, or -1.
func owner(folder string) int {
	var s syscall.Stat_t
	if err := syscall.Stat(folder, &s); err != nil {
		return -1
	}
	return int(s.Uid)
}
