//go:build unix

package keystoretest

import (
	"os"
	"testing"
)

// LetAllWrite lets every user write a folder.
func LetAllWrite(t testing.TB, folder string) {
	t.Helper()
	if err := os.Chmod(folder, 0o777); err != nil {
		t.Fatal(err)
	}
}
