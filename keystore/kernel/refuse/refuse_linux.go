// Package refuse makes the kernel refuse chosen system calls, as a container's seccomp profile does, or not answer
// them. It is for tests, in a separate process: nothing undoes it.
package refuse

import (
	"fmt"
	"runtime"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

// Syscalls makes these system calls (unix.SYS_...) return errno in all threads of this process.
func Syscalls(errno syscall.Errno, numbers ...uint32) error {
	_, err := install(unix.SECCOMP_RET_ERRNO|uint32(errno), 0, numbers) //nolint:gosec // under 4096
	return err
}

// Unanswered makes these system calls wait without end in all threads of this process, as those to a file server that
// has gone do, and in the program that it then becomes.
func Unanswered(numbers ...uint32) error {
	listener, err := install(unix.SECCOMP_RET_USER_NOTIF,
		unix.SECCOMP_FILTER_FLAG_NEW_LISTENER|unix.SECCOMP_FILTER_FLAG_TSYNC_ESRCH, numbers)
	if err != nil {
		return err
	}
	// No process reads the listener. If it were closed, the calls would fail.
	if _, err := unix.FcntlInt(listener, unix.F_SETFD, 0); err != nil {
		return fmt.Errorf("keeping the listener open: %w", err)
	}
	return nil
}

// install adds a filter to all threads of this process, with an action for these system calls.
func install(action uint32, flags uintptr, numbers []uint32) (result uintptr, err error) {
	const ret = unix.BPF_RET | unix.BPF_K
	// offset 0: the number of the system call
	filter := []unix.SockFilter{{Code: unix.BPF_LD | unix.BPF_W | unix.BPF_ABS}}
	for i, n := range numbers {
		// If equal, jump over the other comparisons and the allowing return to the other one.
		over := uint8(len(numbers) - i) //nolint:gosec // a handful
		filter = append(filter, unix.SockFilter{Code: unix.BPF_JMP | unix.BPF_JEQ | unix.BPF_K, K: n, Jt: over})
	}
	filter = append(filter,
		unix.SockFilter{Code: ret, K: unix.SECCOMP_RET_ALLOW},
		unix.SockFilter{Code: ret, K: action},
	)
	program := unix.SockFprog{Len: uint16(len(filter)), Filter: &filter[0]} //nolint:gosec // a handful

	// no_new_privs applies only to this thread until TSYNC spreads it with the filter.
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	if err := unix.Prctl(unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0); err != nil {
		return 0, fmt.Errorf("no_new_privs: %w", err)
	}
	result, _, e := unix.Syscall(unix.SYS_SECCOMP, unix.SECCOMP_SET_MODE_FILTER, unix.SECCOMP_FILTER_FLAG_TSYNC|flags,
		uintptr(unsafe.Pointer(&program))) //nolint:gosec // as seccomp(2) wants it
	if e != 0 {
		return 0, fmt.Errorf("seccomp: %w", e)
	}
	return result, nil
}
