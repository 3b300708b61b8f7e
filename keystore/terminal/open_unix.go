//go:build unix

package terminal

import (
	"errors"
	"os"

	"golang.org/x/sys/unix"
)

// openTerminal opens the controlling terminal. It refuses a process in the background: its first read would stop it,
// and the user could not answer.
func openTerminal() (in, out *os.File, err error) {
	in, err = os.OpenFile("/dev/tty", os.O_RDWR|unix.O_NOCTTY, 0) //nolint:forbidigo // the terminal
	if err != nil {
		return nil, nil, errors.New("there is no terminal to ask at")
	}
	foreground, err := unix.IoctlGetInt(int(in.Fd()), unix.TIOCGPGRP)
	if err == nil && foreground != unix.Getpgrp() {
		err = errors.New("this program runs in the background")
	}
	if err == nil {
		out, err = os.OpenFile("/dev/tty", os.O_WRONLY|unix.O_NOCTTY, 0) //nolint:forbidigo // the terminal
	}
	if err != nil {
		_ = in.Close()
		return nil, nil, err
	}
	return in, out, nil
}

// claim reports whether this process inherited a descriptor, and does not pass it on to programs that it starts. Go
// opens its own descriptors so that they are not passed on.
func claim(descriptor int) bool {
	flags, err := unix.FcntlInt(uintptr(descriptor), unix.F_GETFD, 0)
	if err != nil || flags&unix.FD_CLOEXEC != 0 {
		return false
	}
	unix.CloseOnExec(descriptor)
	return true
}
