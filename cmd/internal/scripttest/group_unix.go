//go:build unix

package scripttest

import "syscall"

// inGroup starts a program in a process group of its own, with all that it starts.
func ownGroup() *syscall.SysProcAttr { return &syscall.SysProcAttr{Setpgid: true} }

// pause stops a process group, until resume.
func pause(group int) error { return syscall.Kill(-group, syscall.SIGSTOP) }

func resume(group int) error { return syscall.Kill(-group, syscall.SIGCONT) }
