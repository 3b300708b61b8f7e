package disk

import (
	"fmt"

	"cgp-cred/keystore/printable"
)

// hintHome is for a folder above cgp-cred's that is another user's.
const hintHome = "if an XDG_* variable names another user's folder, set it to one of your own"

// symlink returns the error of a symbolic link or a junction.
func symlink(path string) error {
	return &UnsafeError{
		Path: path, Problem: "is a symbolic link or a junction",
		fix: ownerOf(path).fix(path, away(path), hintCopy, "name the file itself, not a link to it"),
	}
}

// linked returns the error of a file with more than one name.
func linked(path string, n uint64) error {
	fix := "keep only one name: " + printable.Shell("fsutil", "hardlink", "list", path)
	return &UnsafeError{
		Path: path, Problem: fmt.Sprintf("has %d names (hard links)", n),
		fix: ownerOf(path).fix(path, fix, hintCopy, hintCopy),
	}
}
