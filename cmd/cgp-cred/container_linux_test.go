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
	err := refuse.Syscalls(syscall.EPERM, unix.SYS_KEYCTL, unix.SYS_ADD_KEY, unix.SYS_REQUEST_KEY)
	if err == nil {
		var path string
		if path, err = exec.LookPath(os.Args[1]); err == nil {
			err = syscall.Exec(path, os.Args[1:], os.Environ())
		}
	}
	fmt.Fprintln(os.Stderr, err)
	os.Exit(125)
}
