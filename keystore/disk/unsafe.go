package disk

import (
	"fmt"

	"cgp-cred/keystore/printable"
)

// UnsafeError is a file or folder that another user could have written or moved, or that is something else than it should.
type UnsafeError struct {
	Path    string // the file or folder, or the one above it that is the trouble
	Problem string // what is wrong with it, for example "can be written by its group"
	mend    string
}

func (e *UnsafeError) Error() string { return fmt.Sprintf("%q %s", e.Path, e.Problem) }

// Hint is the command that mends it.
func (e *UnsafeError) Hint() string { return e.mend }

func relative(path string) error {
	return &UnsafeError{
		Path:    path,
		Problem: "is not an absolute path",
		mend:    "set HOME, and XDG_CONFIG_HOME, XDG_STATE_HOME and XDG_RUNTIME_DIR if you use them, to absolute paths",
	}
}

func symlink(path string) error {
	return &UnsafeError{
		Path:    path,
		Problem: "is a symbolic link",
		mend:    "put what it points to in its place: rm " + printable.Shell(path),
	}
}

// notFolder is a file in place of a folder.
func notFolder(path string) error {
	return &UnsafeError{
		Path: path, Problem: "is not a folder",
		mend: "move it away, or set HOME and the XDG_* variables to folders: ls -ld " + printable.Shell(path),
	}
}

func irregular(path string) error {
	return &UnsafeError{Path: path, Problem: "is not a regular file", mend: "rm -r " + printable.Shell(path)}
}
