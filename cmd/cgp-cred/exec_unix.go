//go:build unix

package main

import (
	"os"
	"os/signal"
	"strconv"
	"syscall"

	"golang.org/x/sys/unix"
)

// replaceProcess turns this process into the command, which keeps its number, its terminal and its parent. No process
// remains in whose environment the keys could be read.
//
// The command inherits limits that this process has changed, so they are restored first. (The Go runtime restores its
// own.)
func (c *child) replaceProcess() error {
	if c.input != nil {
		if err := asStdin(c.input); err != nil {
			return notRun(c.args[0], err)
		}
	}
	restoreLimits()
	err := syscall.Exec(c.path, c.args, c.env) //nolint:gosec // to run what the user names is the purpose
	return notRun(c.args[0], err)
}

// shellCommand runs what only a shell knows.
const shellCommand = "sh -c '...'"

// asStdin replaces this process's stdin by text, which fits into a pipe: one holds 4096 bytes or more.
func asStdin(text []byte) error {
	r, w, err := os.Pipe()
	if err != nil {
		return err
	}
	if _, err := w.Write(text); err != nil {
		return err
	}
	if err := w.Close(); err != nil {
		return err
	}
	return unix.Dup2(int(r.Fd()), 0)
}

// caughtSignals are the signals that would end this process, and are passed on to the command instead.
type caughtSignals struct {
	arrived chan os.Signal
	broken  chan os.Signal
}

// catchSignals catches them, except those that the parent ignores: SIGHUP below nohup, and SIGINT in a background
// job. It also catches SIGPIPE, so that a warning that can't be written does not end this process before the command.
func catchSignals() *caughtSignals {
	c := &caughtSignals{arrived: make(chan os.Signal, 16), broken: make(chan os.Signal, 1)}
	for _, s := range []os.Signal{unix.SIGINT, unix.SIGTERM, unix.SIGHUP, unix.SIGQUIT, unix.SIGUSR1, unix.SIGUSR2} {
		if !signal.Ignored(s) {
			signal.Notify(c.arrived, s)
		}
	}
	signal.Notify(c.broken, unix.SIGPIPE)
	return c
}

// endsSink reports whether a signal ends sink.
func endsSink(s os.Signal) bool { return s != unix.SIGUSR1 && s != unix.SIGUSR2 }

// renewsSink reports whether a signal asks sink for a new token.
func renewsSink(s os.Signal) bool { return s == unix.SIGUSR1 }

func (c *caughtSignals) release() {
	signal.Stop(c.arrived)
	signal.Stop(c.broken)
}

// fromTerminal reports whether the command has got the signal already: a terminal sends it to the whole foreground
// job. To many programs a second SIGINT means "stop at once, without cleaning up".
func fromTerminal(s os.Signal) bool {
	if s != unix.SIGINT && s != unix.SIGQUIT && s != unix.SIGHUP {
		return false
	}
	tty, err := os.OpenFile("/dev/tty", os.O_RDONLY|unix.O_NOCTTY, 0) //nolint:forbidigo // the terminal
	if err != nil {
		return false // there is no terminal, or it has hung up
	}
	defer tty.Close() //nolint:errcheck // nothing was written
	foreground, err := unix.IoctlGetInt(int(tty.Fd()), unix.TIOCGPGRP)
	return err == nil && foreground == unix.Getpgrp()
}

// maxPipe is what fits into a pipe before it is read, on every system.
const maxPipe = 16 << 10

// pipe gives the command a text through an inherited descriptor, and returns the name of its file. The command's stdin
// stays the user's.
func (c *child) pipe(text []byte) (string, error) {
	if len(text) > maxPipe {
		return "", usage("give fewer or shorter URLs", "the URLs are longer than %d KiB together", maxPipe>>10)
	}
	r, w, err := os.Pipe()
	if err != nil {
		return "", err
	}
	if _, err := w.Write(text); err != nil {
		return "", err
	}
	if err := w.Close(); err != nil {
		return "", err
	}
	end, err := unix.Dup(int(r.Fd())) // unlike r, it outlives exec
	if err != nil {
		return "", err
	}
	return "/dev/fd/" + strconv.Itoa(end), r.Close()
}
