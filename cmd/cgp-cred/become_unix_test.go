//go:build unix

package main

import "syscall"

// replaceProcess makes this process another user's.
func become(uid int) error {
	if err := syscall.Setgid(uid); err != nil {
		return err
	}
	return syscall.Setuid(uid)
}
