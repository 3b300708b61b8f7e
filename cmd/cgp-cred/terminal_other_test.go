//go:build !linux

package main

import (
	"runtime"

	"github.com/rogpeppe/go-internal/testscript"
)

// terminal skips the script: its terminals are Linux's.
func onTerminal(ts *testscript.TestScript, _ bool, _ []string) {
	of(ts).Skip("a terminal of the script's own needs Linux, this is " + runtime.GOOS)
}
