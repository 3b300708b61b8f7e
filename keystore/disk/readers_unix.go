//go:build unix

package disk

import (
	"fmt"
	"os"
)

// Readers says what lets other users read a file, or returns "" if nothing does.
func Readers(path string) string {
	info, err := os.Stat(path)
	if err != nil || info.Mode().Perm()&0o077 == 0 {
		return ""
	}
	return fmt.Sprintf("mode %04o", info.Mode().Perm())
}
