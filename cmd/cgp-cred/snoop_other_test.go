//go:build !linux

package main

// snoop is for Linux.
func snoop() {}
