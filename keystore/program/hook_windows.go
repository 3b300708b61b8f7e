package program

import "os/exec"

// ownGroup does nothing: Windows has no groups of processes that a signal reaches.
func ownGroup(*exec.Cmd) {}

// killGroup does nothing.
func killGroup(*exec.Cmd) {}
