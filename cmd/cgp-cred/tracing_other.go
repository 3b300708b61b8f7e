//go:build unix && !linux

package main

// refuseTracing does nothing: on macOS the system decides who may trace a program, by the program's signature.
func refuseTracing() {}
