//go:build unix

package main

import (
	"os"
	"os/signal"
	"syscall"

	"golang.org/x/sys/unix"
)

// replaceProcess puts the command in the place of this process, which has its number, its terminal and its parent, and leaves no
// process behind in whose environment the keys could be read.
//
// It is the one way out of this process into another program that stays: what this process has changed about itself and
// a program inherits (limits; the Go runtime gives back its own) must be given back here, and before a child is started.
func (c *child) replaceProcess() error {
	if c.input != nil {
		if err := asStdin(c.input); err != nil {
			return notRun(c.args[0], err)
		}
	}
	restoreLimits()
	return notRun(c.args[0], syscall.Exec(c.path, c.args, c.env)) //nolint:gosec // to run what the user names is the purpose
}

// asStdin makes text all that can be read from our stdin. It fits a pipe, which holds 4096 bytes or more.
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

// caughtSignals are the signals that would end this process, which the command shall have instead.
type caughtSignals struct {
	arrived chan os.Signal
	broken  chan os.Signal
}

// catchSignals catches them but for those that our parent wants ignored: nohup's SIGHUP, and SIGINT of a job in the
// background. A warning that nobody reads is no reason to leave the command (SIGPIPE).
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

func (c *caughtSignals) release() {
	signal.Stop(c.arrived)
	signal.Stop(c.broken)
}

// fromTerminal reports whether the command has a signal already: what a terminal sends goes to all of its foreground job. To get
// SIGINT twice means "at once, without cleaning up" to many programs.
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
