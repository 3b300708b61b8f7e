//go:build unix

package main

import "golang.org/x/sys/unix"

// coreLimit is the limit of core dumps with which cgp-cred was started. It is restored for commands.
var coreLimit *unix.Rlimit

// harden keeps keys out of core dumps and, on Linux, this process's memory from others of the same user. It is best
// effort: errors are ignored.
func harden() {
	refuseTracing()
	var was unix.Rlimit
	if unix.Getrlimit(unix.RLIMIT_CORE, &was) != nil || was.Cur == 0 {
		return
	}
	if unix.Setrlimit(unix.RLIMIT_CORE, &unix.Rlimit{Cur: 0, Max: was.Max}) == nil {
		coreLimit = &was
	}
}

// restoreLimits undoes harden for a command, which inherits the limit. A new program is dumpable by itself.
func restoreLimits() {
	if coreLimit != nil {
		_ = unix.Setrlimit(unix.RLIMIT_CORE, coreLimit)
	}
}
