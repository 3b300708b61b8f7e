//go:build unix

package scripttest

import "syscall"

// renewSignal asks cgp-cred sink for a new token.
const renewSignal = syscall.SIGUSR1

// ownGroup starts a program in a new process group, with its children.
func ownGroup() *syscall.SysProcAttr { return &syscall.SysProcAttr{Setpgid: true} }

// pause stops a process group until resume.
func pause(group int) error { return syscall.Kill(-group, syscall.SIGSTOP) }

func resume(group int) error { return syscall.Kill(-group, syscall.SIGCONT) }
