//go:build unix && !linux

package terminal

import (
	"os"

	"golang.org/x/sys/unix"
)

// The calls that read and change a terminal's settings. The second one drops what was typed and not read.
const (
	getSettings = unix.TIOCGETA
	setSettings = unix.TIOCSETAF
)

// raise sends this process a signal.
func raise(s unix.Signal) { _ = unix.Kill(os.Getpid(), s) }
