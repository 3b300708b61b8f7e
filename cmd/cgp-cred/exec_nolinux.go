//go:build !linux

package main

import "os/exec"

// dieWithParent does nothing: this system has no signal for a parent's death; on Windows the command is in a job.
func dieWithParent(*exec.Cmd) {}
