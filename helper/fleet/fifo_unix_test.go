//go:build unix

package fleet_test

import "syscall"

func fifo(file string) error { return syscall.Mkfifo(file, 0o600) }
