//go:build unix

package keystoretest

import (
	"os"
	"os/exec"
	"syscall"
)

// users reports whether this process can start a process of another user, and whether that process reaches the folder
// for temporary files.
func users() bool {
	const stranger = 65534
	if os.Geteuid() != 0 {
		return false
	}
	cmd := exec.Command("/bin/sh", "-c", `cd "$1" && d=$(mktemp -d "$1/cgpXXXXXXXX") && rmdir "$d"`, "sh", os.TempDir())
	cmd.Dir = "/"
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: stranger, Gid: stranger}}
	return cmd.Run() == nil
}
