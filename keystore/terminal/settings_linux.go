package terminal

import (
	"os"
	"runtime"

	"golang.org/x/sys/unix"
)

// The calls that read and change a terminal's settings. The second one drops what was typed and not read.
const (
	getSettings = unix.TCGETS
	setSettings = unix.TCSETSF
)

// raise sends this process a signal. It is for this thread, so that it comes before raise returns.
func raise(s unix.Signal) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	_ = unix.Tgkill(os.Getpid(), unix.Gettid(), s)
}
