//go:build unix

package disk

import (
	"fmt"
	"io/fs"
)

// Readers returns a remark for a file that other users can read, and otherwise nothing.
func Readers(_ string, info fs.FileInfo) string {
	if mode := info.Mode().Perm(); mode&0o077 != 0 {
		return fmt.Sprintf(" (others can read it: mode %04o)", mode)
	}
	return ""
}
