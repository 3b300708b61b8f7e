package program

import "os/exec"

// ownGroup does nothing: on Windows run binds the command to a job.
func ownGroup(*exec.Cmd) {}

// killGroup does nothing.
func killGroup(*exec.Cmd) {}
