//go:build unix && !linux

package main

import "os/exec"

// dieWithParent does nothing: this system has no signal for a parent's death.
func dieWithParent(*exec.Cmd) (ended func()) { return func() {} }
