//go:build unix

package fleet_test

import (
	"syscall"
	"testing"
)

// notAFolder is said of a folder below a file.
const notAFolder = "not a directory"

func fifo(t *testing.T, file string) {
	t.Helper()
	must(t, syscall.Mkfifo(file, 0o600))
}
