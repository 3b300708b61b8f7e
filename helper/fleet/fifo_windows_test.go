package fleet_test

import (
	"os"
	"testing"
)

// notAFolder is said of a folder below a file: Windows does not tell it from a missing one.
const notAFolder = "does not exist"

// fifo makes a folder: Windows has no named pipes among files.
func fifo(t *testing.T, file string) {
	t.Helper()
	must(t, os.Mkdir(file, 0o700))
}
