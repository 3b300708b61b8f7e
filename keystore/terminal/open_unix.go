//go:build unix

package terminal

import (
	"errors"
	"os"

	"golang.org/x/sys/unix"
)

// Open opens the controlling terminal. A process in the background would be stopped by its first read, and no
// user could answer.
func Open() (in, out *os.File, err error) {
	in, err = os.OpenFile("/dev/tty", os.O_RDWR|unix.O_NOCTTY, 0) //nolint:forbidigo // the terminal
	if err != nil {
		return nil, nil, errors.New("there is no terminal to ask at")
	}
	foreground, err := unix.IoctlGetInt(int(in.Fd()), unix.TIOCGPGRP)
	if err == nil && foreground != unix.Getpgrp() {
		err = errors.New("this program runs in the background of its terminal")
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

// Claim reports whether a descriptor came from the program that started this one, and keeps it from those that this one
// starts. Go opens its own to be closed there.
func Claim(descriptor int) bool {
	flags, err := unix.FcntlInt(uintptr(descriptor), unix.F_GETFD, 0)
	if err != nil || flags&unix.FD_CLOEXEC != 0 {
		return false
	}
	unix.CloseOnExec(descriptor)
	return true
}
