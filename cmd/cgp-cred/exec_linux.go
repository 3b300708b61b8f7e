package main

import (
	"os/exec"
	"syscall"
)

// dieWithParent sends the command SIGTERM if cgp-cred is killed. Callers with a deadline kill only the process that
// they started.
func dieWithParent(cmd *exec.Cmd) { cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGTERM} }
