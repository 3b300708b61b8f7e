//go:build unix && !darwin

// Package xdginit keeps the library adrg/xdg from opening a file when the program starts. That reads
// $XDG_CONFIG_HOME/user-dirs.dirs in its init, before anything has looked at the folder: a named pipe of that name
// would hold every command up before main.
//
// Go initialises packages whose imports are ready in the order of their paths. This one imports next to nothing, so it
// is ready before the library, and comes first. Until [Done] the variable names a folder that nothing can be in.
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
