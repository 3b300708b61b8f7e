package disk

import (
	"fmt"

	"cgp-cred/keystore/printable"
)

// Hints for what is not cgp-cred's own.
const (
	hintHome = "if an XDG_* variable names another user's folder, set it to your own, or run cgp-cred as that user"

	hintPrivate = "let only its owner write it, or use a folder that only you can write (the XDG_* variables name " +
		"cgp-cred's)"
	hintTarget   = "name a file in a folder that only you and administrators can write"
	hintAbsolute = "set XDG_CONFIG_HOME, XDG_STATE_HOME and XDG_DATA_HOME, if you use them, to absolute paths"
)

// linked returns the error of a file with more than one name.
func linked(path string, n uint64) error {
	fix := "keep only one name; this shows all: " + printable.Shell("fsutil", "hardlink", "list", path)
	return &UnsafeError{
		Path: path, Problem: fmt.Sprintf("has %d names (hard links)", n),
		fix: ownerOf(path).fix(path, fix, hintCopy, hintCopy),
	}
}
