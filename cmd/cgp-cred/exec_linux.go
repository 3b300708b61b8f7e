package main

import (
	"os/exec"
	"syscall"
)

// dieWithParent sends the command SIGTERM if cgp-cred is killed. Callers with a deadline kill only the process that
// they started. It returns what to call when the command has ended.
func dieWithParent(cmd *exec.Cmd) (ended func()) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGTERM}
	return func() {}
}
