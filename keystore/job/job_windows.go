package job

import (
	"os"
	"sync"
	"unsafe"

	"golang.org/x/sys/windows"
)

// Bind ends a process that was just started, with all that it starts, when this process ends. kill ends them now.
// release lets what still runs in the background live on; it must be called once the process has ended. A process may
// make jobs of its own, and start others outside of this one (CREATE_BREAKAWAY_FROM_JOB). If Windows can't bind the
// process, nothing happens.
func Bind(p *os.Process) (kill, release func()) {
	none := func() {}
	h, err := windows.CreateJobObject(nil, nil)
	if err != nil {
		return none, none
	}
	const withUs = windows.JOB_OBJECT_LIMIT_KILL_ON_JOB_CLOSE | windows.JOB_OBJECT_LIMIT_BREAKAWAY_OK
	if limit(h, withUs) == nil {
		_ = p.WithHandle(func(process uintptr) { // it fails if the process has ended
			_ = windows.AssignProcessToJobObject(h, windows.Handle(process))
		})
	}
	kill = func() { _ = windows.TerminateJobObject(h, 1) }
	var once sync.Once
	return kill, func() {
		once.Do(func() {
			if limit(h, windows.JOB_OBJECT_LIMIT_BREAKAWAY_OK) == nil {
				_ = windows.CloseHandle(h)
			}
		})
	}
}

func limit(h windows.Handle, flags uint32) error {
	var info windows.JOBOBJECT_EXTENDED_LIMIT_INFORMATION
	info.BasicLimitInformation.LimitFlags = flags
	_, err := windows.SetInformationJobObject(h, windows.JobObjectExtendedLimitInformation,
		uintptr(unsafe.Pointer(&info)), uint32(unsafe.Sizeof(info))) //nolint:gosec // the call takes a number
	return err
}
