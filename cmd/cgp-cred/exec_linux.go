package main

import (
	"os/exec"
	"syscall"
)

// dieWithParent lets the command end with us where we are killed without a chance to tell it, as it would if we had become
// it: callers with a deadline kill the one process that they started.
func dieWithParent(cmd *exec.Cmd) { cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGTERM} }
