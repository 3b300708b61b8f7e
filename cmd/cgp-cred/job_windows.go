package main

import (
	"os/exec"
	"unsafe"

	"golang.org/x/sys/windows"
)

// dieWithParent ends the command, and what it has started, if cgp-cred is killed: this process joins a job, which its
// children inherit, and which Windows ends with the last handle to it. It returns what to call when the command has
// ended: what it left running may go on. Without a job, as when a caller's job allows none, the command outlives a
// killed cgp-cred.
func dieWithParent(*exec.Cmd) (ended func()) {
	job, err := windows.CreateJobObject(nil, nil)
	if err != nil {
		return func() {}
	}
	// Programs may leave the job if they ask for it.
	err = limitJob(job, windows.JOB_OBJECT_LIMIT_KILL_ON_JOB_CLOSE|windows.JOB_OBJECT_LIMIT_BREAKAWAY_OK)
	if err == nil {
		err = windows.AssignProcessToJobObject(job, windows.CurrentProcess())
	}
	if err != nil {
		_ = windows.CloseHandle(job)
		return func() {}
	}
	return func() { _ = limitJob(job, windows.JOB_OBJECT_LIMIT_BREAKAWAY_OK) } // the handle ends with this process
}

// limitJob sets a job's limits.
func limitJob(job windows.Handle, flags uint32) error {
	var limits windows.JOBOBJECT_EXTENDED_LIMIT_INFORMATION
	limits.BasicLimitInformation.LimitFlags = flags
	_, err := windows.SetInformationJobObject(job, windows.JobObjectExtendedLimitInformation,
		uintptr(unsafe.Pointer(&limits)), //nolint:gosec // the call takes a pointer as number
		uint32(unsafe.Sizeof(limits)))
	return err
}
