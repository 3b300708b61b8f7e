package scripttest

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"

	"golang.org/x/sys/unix"
)

// snoop is a program of its own: it tries each way in which a program can look into another one of the same user, its
// memory, environment and open connections, and prints what came of it. Its argument is the other's number, or a program to
// start and look into: a child, which Yama lets it trace as well.
func inspectProcess() {
	runtime.LockOSThread() // a tracer is a thread
	pid, err := strconv.Atoi(os.Args[1])
	if err != nil {
		child := exec.Command(os.Args[1], os.Args[2:]...)
		if err := child.Start(); err != nil {
			fmt.Println(err)
			os.Exit(1)
		}
		defer child.Process.Kill() //nolint:errcheck // it ends by itself
		pid = child.Process.Pid
	}
	folder := filepath.Join("/proc", strconv.Itoa(pid))
	for _, way := range []struct {
		name string
		try  func() error
	}{
		{"mem", func() error { return opened(filepath.Join(folder, "mem")) }},
		{"environ", func() error { return opened(filepath.Join(folder, "environ")) }},
		{"maps", func() error { return opened(filepath.Join(folder, "maps")) }},
		{"fd", func() error { _, err := os.ReadDir(filepath.Join(folder, "fd")); return err }},
		{"process_vm_readv", func() error { return readMemory(pid) }},
		{"pidfd_getfd", func() error { return takeDescriptor(pid) }},
		{"ptrace", func() error { return unix.PtraceSeize(pid) }},
	} {
		outcome := "let in"
		if err := way.try(); errors.Is(err, unix.EPERM) || errors.Is(err, unix.EACCES) {
			outcome = "refused"
		} else if err != nil {
			outcome = err.Error()
		}
		fmt.Printf("%s: %s\n", way.name, outcome)
	}
}

// opened reads a byte of a file; which one does not matter.
func opened(name string) error {
	f, err := os.Open(name)
	if err != nil {
		return err
	}
	defer f.Close() //nolint:errcheck // opened for reading
	if _, err := f.Read(make([]byte, 1)); errors.Is(err, unix.EACCES) || errors.Is(err, unix.EPERM) {
		return err
	}
	return nil
}

// readMemory reads where nothing is: whoever may read gets as far as that.
func readMemory(pid int) error {
	here := make([]byte, 8)
	local := []unix.Iovec{{Base: &here[0], Len: 8}}
	_, err := unix.ProcessVMReadv(pid, local, []unix.RemoteIovec{{Base: 0x10, Len: 8}}, 0)
	if errors.Is(err, unix.EFAULT) {
		return nil
	}
	return err
}

// takeDescriptor takes a copy of the process's standard error.
func takeDescriptor(pid int) error {
	process, err := unix.PidfdOpen(pid, 0)
	if err != nil {
		return err
	}
	_, err = unix.PidfdGetfd(process, 2, 0)
	return err
}
