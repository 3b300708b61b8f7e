package disk

import (
	"fmt"

	"cgp-cred/keystore/printable"
)

// linked returns the error of a file with more than one name.
func linked(path string, n uint64) error {
	fix := "keep only one name; this shows all: " + printable.Shell("fsutil", "hardlink", "list", path)
	return &UnsafeError{
		Path: path, Problem: fmt.Sprintf("has %d names (hard links)", n),
		fix: ownerOf(path).fix(path, fix, hintCopy, hintCopy),
	}
}
