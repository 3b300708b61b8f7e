//go:build !linux

package main

// nokeyctl has nothing to refuse: only Linux has a kernel keyring.
func nokeyctl() {}

// refusing: system calls are refused on Linux alone.
func refusing() {}
