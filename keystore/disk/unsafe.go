package disk

import (
	"fmt"
	"os"
	"path/filepath"

	"cgp-cred/keystore/fault"
	"cgp-cred/keystore/printable"
)

// UnsafeError is the error of a file or folder that another user could have written or moved, or that is not of the
// expected kind.
type UnsafeError struct {
	Path    string // the file or folder, or the one above it that is unsafe
	Problem string // what is wrong with it, for example "can be written by its group"
	fix     string // what to do about it
}

func (e *UnsafeError) Error() string { return fmt.Sprintf("%q %s", e.Path, e.Problem) }

// FaultClass returns [fault.Usage].
func (e *UnsafeError) FaultClass() fault.Class { return fault.Usage }

// FaultHints returns what to do about it.
func (e *UnsafeError) FaultHints() []string { return fault.Lines(e.fix) }

// whose says who may change a file or folder: a hint has a command only for what is cgp-cred's own.
type whose int

const (
	ours   whose = iota // a folder of cgp-cred's, or what is in it
	above               // a folder on the way to cgp-cred's
	given               // named by the user, or on the way to what is named
	target              // named by the user to be written, or on the way to it
)

// ownerOf returns ours if path is in one of cgp-cred's folders, or is one; otherwise the user named it.
func ownerOf(path string) whose {
	for at := filepath.Clean(path); ; at = filepath.Dir(at) {
		if filepath.Base(at) == own {
			return ours
		}
		if at == filepath.Dir(at) {
			return given
		}
	}
}

// hintCopy is for a file that the user named.
const hintCopy = "use a copy of your own, in a folder that only you can write"

// fix returns own for what is cgp-cred's own. Otherwise it returns way, for a folder above, or named, with the command
// that shows the file.
func (w whose) fix(path, own, way, named string) string {
	look := ": " + printable.Look(path)
	switch w {
	case ours:
		return own
	case above:
		return way + look
	case target:
		return hintTarget + look
	default:
		return named + look
	}
}

func relative(path string) error {
	return &UnsafeError{
		Path:    path,
		Problem: "is not an absolute path",
		fix:     hintAbsolute,
	}
}

// writable returns the error of what others can write. fix is the command for what is cgp-cred's own.
func writable(path, problem string, w whose, fix ...string) error {
	return &UnsafeError{
		Path: path, Problem: problem,
		fix: w.fix(path, printable.Shell(append(fix, path)...), hintPrivate, hintCopy),
	}
}

// symlink returns the error of a link. A copy of what it points to takes its place: what it points to stays.
func symlink(path string) error {
	info, err := os.Stat(path)
	fix := "replace the link with a copy: " + printable.Replace(path, err == nil && info.IsDir())
	if err != nil {
		fix = "the link leads nowhere; remove it: " + printable.Remove(path)
	}
	return &UnsafeError{
		Path: path, Problem: "is a symbolic link",
		fix: ownerOf(path).fix(path, fix, hintCopy, "name the file itself, not a link to it"),
	}
}

// notFolder returns the error of a file that is expected to be a folder.
func notFolder(path string, w whose) error {
	return &UnsafeError{
		Path: path, Problem: "is not a folder",
		fix: w.fix(path, away(path), "set HOME and the XDG_* variables to folders", "name another folder"),
	}
}

// irregular returns the error of a folder, pipe, socket or device that is expected to be a file.
func irregular(path string) error {
	return &UnsafeError{
		Path: path, Problem: "is not a regular file",
		fix: ownerOf(path).fix(path, away(path), hintCopy, "name another file"),
	}
}

// away returns the hint to move a file or folder aside. It may hold what is not cgp-cred's, so nothing is removed.
func away(path string) string { return "move it away: " + printable.Move(path, path+".away") }
