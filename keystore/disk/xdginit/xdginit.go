//go:build unix && !darwin

// Package xdginit keeps the library adrg/xdg from opening a file when the program starts. The library's init reads
// $XDG_CONFIG_HOME/user-dirs.dirs before cgp-cred has checked the folder: a named pipe of that name would block every
// command before main.
//
// Go initialises the packages whose imports are ready in the order of their paths. This one imports almost nothing, so
// it is ready before the library and is initialised first. Until [Done] the variable names a folder that can't hold
// anything.
package xdginit

import "syscall"

const variable = "XDG_CONFIG_HOME"

var given, isSet = syscall.Getenv(variable)

func init() { _ = syscall.Setenv(variable, "/dev/null") } // an error needs a NUL or a = in one of them

// Done gives the variable its value back. The library must have been initialised.
func Done() {
	if isSet {
		_ = syscall.Setenv(variable, given)
	} else {
		_ = syscall.Unsetenv(variable)
	}
}
