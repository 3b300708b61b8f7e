package browser

import (
	"os/exec"
	"syscall"
)

// detach starts the command without this terminal: Ctrl-C does not end it.
func detach(cmd *exec.Cmd) {
	cmd.SysProcAttr = &syscall.SysProcAttr{CreationFlags: syscall.CREATE_NEW_PROCESS_GROUP}
}
