package main

// harden does nothing: Windows writes no core dumps, and has no cheap way to keep out processes of the same user.
func harden() {}

// restoreLimits has nothing to restore.
func restoreLimits() {}
