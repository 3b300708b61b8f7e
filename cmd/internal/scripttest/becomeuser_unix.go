//go:build unix

package scripttest

import "syscall"

// replaceProcess makes this process another user's.
func becomeUser(uid int) error {
	if err := syscall.Setgid(uid); err != nil {
		return err
	}
	return syscall.Setuid(uid)
}
