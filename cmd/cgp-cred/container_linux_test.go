package main

import (
	"fmt"
	"os"
	"os/exec"
	"syscall"

	"golang.org/x/sys/unix"

	"cgp-cred/keystore/kernel/refuse"
)

// nokeyctl is a program of its own: it runs a command as a container's seccomp profile would, with the kernel's keyring
// refused.
func nokeyctl() {
	runRefused(os.Args[1:], syscall.EPERM, unix.SYS_KEYCTL, unix.SYS_ADD_KEY, unix.SYS_REQUEST_KEY)
}

// nolocks ENOLCK|EOPNOTSUPP|ENOSYS COMMAND... is a program of its own: it runs a command as on a file system without locks,
// such as NFS without its lock daemon.
func nolocks() {
	answers := map[string]syscall.Errno{"ENOLCK": syscall.ENOLCK, "EOPNOTSUPP": syscall.EOPNOTSUPP, "ENOSYS": syscall.ENOSYS}
	runRefused(os.Args[2:], answers[os.Args[1]], unix.SYS_FLOCK)
}

// runRefused becomes a command to which the kernel refuses system calls.
func runRefused(command []string, errno syscall.Errno, calls ...uint32) {
	err := refuse.Syscalls(errno, calls...)
	if err == nil {
		var path string
		if path, err = exec.LookPath(command[0]); err == nil {
			err = syscall.Exec(path, command, os.Environ())
		}
	}
	fmt.Fprintln(os.Stderr, err)
	os.Exit(125)
}
