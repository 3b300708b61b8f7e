package disk

import (
	"errors"
	"io/fs"
	"path/filepath"

	"golang.org/x/sys/windows"
)

// Readers returns a remark for a file that other users can read, and otherwise nothing.
func Readers(path string, _ fs.FileInfo) string {
	path, err := filepath.Abs(path)
	if err != nil {
		return ""
	}
	h, err := open(path)
	if err != nil {
		return ""
	}
	defer windows.CloseHandle(h) //nolint:errcheck // nothing was written
	if unsafe := (*UnsafeError)(nil); errors.As(checkAccess(h, path, reading, given), &unsafe) {
		return " (it " + unsafe.Problem + ")"
	}
	return ""
}
