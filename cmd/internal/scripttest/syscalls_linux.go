package scripttest

import (
	"fmt"
	"os"
	"os/exec"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"

	"cgp-cred/keystore/kernel/refuse"
)

// without-keyctl COMMAND... is a program: it runs a command that may not use the kernel's keyring, as a container's
// seccomp profile does.
func withoutKeyctl() {
	execRefusing(os.Args[1:], syscall.EPERM, unix.SYS_KEYCTL, unix.SYS_ADD_KEY, unix.SYS_REQUEST_KEY)
}

// with-syscall-error ERRNO CALL,... COMMAND... is a program: it runs a command for which these system calls fail.
func withSyscallError() {
	errno, ok := map[string]syscall.Errno{
		"EDQUOT": unix.EDQUOT, "EIO": unix.EIO, "ENOLCK": unix.ENOLCK, "ENOSYS": unix.ENOSYS,
		"EOPNOTSUPP": unix.EOPNOTSUPP,
	}[os.Args[1]]
	known := map[string]uint32{
		"fsync": unix.SYS_FSYNC, "renameat": unix.SYS_RENAMEAT, "renameat2": unix.SYS_RENAMEAT2,
		"mkdirat": unix.SYS_MKDIRAT, "fchmod": unix.SYS_FCHMOD, "flock": unix.SYS_FLOCK,
		"keyctl": unix.SYS_KEYCTL, "add_key": unix.SYS_ADD_KEY,
	}
	var numbers []uint32
	for name := range strings.SplitSeq(os.Args[2], ",") {
		n, is := known[name]
		ok = ok && is
		numbers = append(numbers, n)
	}
	if !ok {
		fmt.Fprintln(os.Stderr, "with-syscall-error: the call or the error is unknown")
		os.Exit(125)
	}
	execRefusing(os.Args[3:], errno, numbers...)
}

// with-silent-locks COMMAND... is a program: it runs a command for which requests for a lock on a file are never
// answered, as on NFS without its lock service.
func withSilentLocks() { execAfter(os.Args[1:], refuse.Unanswered(unix.SYS_FLOCK)) }

// execRefusing replaces this process by a command for which system calls fail.
func execRefusing(command []string, errno syscall.Errno, numbers ...uint32) {
	execAfter(command, refuse.Syscalls(errno, numbers...))
}

// execAfter replaces this process by a command, unless what was to be done before it failed.
func execAfter(command []string, err error) {
	if err == nil {
		var path string
		if path, err = exec.LookPath(command[0]); err == nil {
			err = syscall.Exec(path, command, os.Environ())
		}
	}
	fmt.Fprintln(os.Stderr, err)
	os.Exit(125)
}
