//go:build unix

package guard

import "syscall"

// owner returns the user that owns a folder, or -1.
func owner(folder string) int {
	var s syscall.Stat_t
	if err := syscall.Stat(folder, &s); err != nil {
		return -1
	}
	return int(s.Uid)
}
