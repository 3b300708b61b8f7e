//go:build !linux || !amd64

package keystoretest

// Clocked moves no clock: how a process reads it is known for Linux on amd64 alone.
func Clocked() {}

func clock() bool { return false }
