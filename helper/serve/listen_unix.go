//go:build !windows

package serve

import "syscall"

// errInUse is the system's error for a port that another program has.
const errInUse = syscall.EADDRINUSE
