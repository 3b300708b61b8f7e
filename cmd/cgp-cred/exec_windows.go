package main

import (
	"os"
	"os/signal"
	"syscall"
)

// replaceProcess runs the command and waits for it: on Windows a program can't replace another.
func (c *child) replaceProcess() error {
	signals := catchSignals()
	defer signals.release()
	return c.run(signals)
}

// shellCommand runs what only a shell knows, such as dir.
const shellCommand = "cmd /c ..."

// caughtSignals are the console's events, which must not end this process before the command.
type caughtSignals struct{ arrived chan os.Signal }

func catchSignals() *caughtSignals {
	c := &caughtSignals{arrived: make(chan os.Signal, 16)}
	signal.Notify(c.arrived, os.Interrupt, syscall.SIGTERM)
	return c
}

// endsSink reports whether a signal ends sink.
func endsSink(os.Signal) bool { return true }

// renewsSink reports whether a signal asks sink for a new token. Windows has no such signal.
func renewsSink(os.Signal) bool { return false }

func (c *caughtSignals) release() { signal.Stop(c.arrived) }

// fromTerminal returns true: the console sends its events to all its processes.
func fromTerminal(os.Signal) bool { return true }

// pipe gives the command a text on stdin: it inherits no other descriptor.
func (c *child) pipe(text []byte) (string, error) {
	c.input = text
	return "-", nil
}
