//go:build !linux

package main

// harden does nothing: only Linux has a cheap way to keep out other processes of the same user.
func harden() {}

// restoreLimits has nothing to restore.
func restoreLimits() {}
