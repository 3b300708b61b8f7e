package main

import (
	"os"

	"golang.org/x/sys/unix"
)

// peekWait is how long git may take to write its request, in milliseconds. It writes at once.
const peekWait = 300

// peek returns the first bytes in a pipe, and leaves them there. It returns "" for all else.
func peek(in *os.File) string {
	info, err := in.Stat()
	if err != nil || info.Mode()&os.ModeNamedPipe == 0 {
		return ""
	}
	fd := int(in.Fd())
	on := []unix.PollFd{{Fd: int32(fd), Events: unix.POLLIN}} //nolint:gosec // a descriptor
	if n, err := unix.Poll(on, peekWait); n < 1 || err != nil {
		return ""
	}
	var ends [2]int
	if unix.Pipe2(ends[:], unix.O_CLOEXEC) != nil {
		return ""
	}
	defer unix.Close(ends[0]) //nolint:errcheck // nothing was written
	defer unix.Close(ends[1]) //nolint:errcheck // its content is not needed
	begin := make([]byte, 64)
	n, err := unix.Tee(fd, ends[1], len(begin), unix.SPLICE_F_NONBLOCK)
	if n < 1 || err != nil {
		return ""
	}
	read, err := unix.Read(ends[0], begin)
	if err != nil {
		return ""
	}
	return string(begin[:read])
}
