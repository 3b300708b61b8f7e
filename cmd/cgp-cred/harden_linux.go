package main

import "golang.org/x/sys/unix"

// coreLimit is the limit of core dumps that we were started with, which the commands that we run get back.
var coreLimit *unix.Rlimit

// harden keeps keys out of core dumps, and this process's memory from others of the same user (ptrace, /proc/PID/mem).
// Best effort: what the system refuses stays as it is.
func harden() {
	_ = unix.Prctl(unix.PR_SET_DUMPABLE, 0, 0, 0, 0)
	var was unix.Rlimit
	if unix.Getrlimit(unix.RLIMIT_CORE, &was) != nil || was.Cur == 0 {
		return
	}
	if unix.Setrlimit(unix.RLIMIT_CORE, &unix.Rlimit{Cur: 0, Max: was.Max}) == nil {
		coreLimit = &was
	}
}

// restoreLimits gives back what harden took, for a command that gets it from us. A new program is dumpable by itself.
func restoreLimits() {
	if coreLimit != nil {
		_ = unix.Setrlimit(unix.RLIMIT_CORE, coreLimit)
	}
}
