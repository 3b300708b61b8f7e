//go:build unix

package scripttest

import "syscall"

// becomeUser changes the user of this process.
func becomeUser(uid int) error {
	if err := syscall.Setgid(uid); err != nil {
		return err
	}
	return syscall.Setuid(uid)
}
