package scripttest

import (
	"errors"
	"syscall"

	"golang.org/x/sys/windows"
)

// renewSignal stands for the signal that asks cgp-cred sink for a new token: this system has none.
const renewSignal = syscall.SIGTERM

func ownGroup() *syscall.SysProcAttr { return nil }

var (
	ntdll          = windows.NewLazySystemDLL("ntdll.dll")
	suspendProcess = ntdll.NewProc("NtSuspendProcess")
	resumeProcess  = ntdll.NewProc("NtResumeProcess")
)

// pause stops a process until resume.
func pause(pid int) error { return callOn(pid, suspendProcess) }

func resume(pid int) error { return callOn(pid, resumeProcess) }

func callOn(pid int, call *windows.LazyProc) error {
	const suspendResume = 0x0800
	process, err := windows.OpenProcess(suspendResume, false, uint32(pid))
	if err != nil {
		return err
	}
	status, _, _ := call.Call(uintptr(process))
	if status != 0 {
		err = windows.NTStatus(status)
	}
	return errors.Join(err, windows.CloseHandle(process))
}
