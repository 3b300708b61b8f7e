//go:build !linux

package main

// harden does nothing: only Linux has a cheap way to keep other processes of the same user out.
func harden() {}

// restoreLimits has nothing to give back.
func restoreLimits() {}
