package disk

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"

	"cgp-cred/keystore/batch"
	"cgp-cred/keystore/fault"
	"cgp-cred/keystore/printable"
)

// Unreadable adds a class and a hint to an error of reading a file or folder, if it has none. nil stays nil.
func Unreadable(err error) error {
	if err == nil || classified(err) {
		return err
	}
	return fault.Of(fault.Usage, readHint(err), err)
}

const hintShorter = "choose a shorter path"

func readHint(err error) string {
	const name = "check the file's name and permissions"
	check := name
	if elsewhere := batch.Missing(err); elsewhere != "" {
		check = elsewhere + "\n" + name
	}
	var at *fs.PathError
	switch {
	case errors.Is(err, syscall.EMFILE), errors.Is(err, syscall.ENFILE):
		return "raise the limit of open files: ulimit -n 1024"
	case errors.Is(err, syscall.ENAMETOOLONG):
		return hintShorter
	case !errors.As(err, &at), printable.ValueLike(at.Path):
		return check
	}
	return check + ": " + printable.Look(at.Path)
}

// Unwritable turns a system error of writing, creating or removing a file or folder (a full disk, a quota, a read-only
// file system) into an error with a class and a hint. An error that has a class, and nil, stay unchanged.
func Unwritable(err error) error {
	if err == nil || classified(err) {
		return err
	}
	var at *fs.PathError
	var link *os.LinkError
	verb := "written"
	var path string
	var reason error
	switch {
	case errors.As(err, &at):
		path, reason = at.Path, at.Err
		switch at.Op {
		case "mkdir", "mkdirat":
			verb = "created"
		case "remove", "unlink", "unlinkat", "rmdir":
			verb = "removed"
		}
	case errors.As(err, &link):
		path, reason = link.New, link.Err
	default:
		hint := "check free space (" + printable.Space(".") + ") and permissions, then run the command again"
		return fault.Of(fault.Usage, hint, err)
	}
	hint := WriteHint(path)
	if errors.Is(reason, syscall.ENAMETOOLONG) {
		hint = hintShorter
	}
	return fault.Wrap(fault.Usage, hint, fmt.Sprintf("%q can't be %s", path, verb), reason)
}

// WriteHint returns a hint with the commands that show why the file or folder at path can't be written.
func WriteHint(path string) string {
	folder := filepath.Dir(path)
	for { // look at the nearest folder that exists
		up := filepath.Dir(folder)
		if _, err := os.Lstat(folder); err == nil || up == folder {
			break
		}
		folder = up
	}
	return "check free space and permissions (" + printable.Space(folder) + "; " + printable.Look(folder) +
		"), then run the command again"
}

// tooLarge returns the error of a file of cgp-cred's that is longer than limit bytes.
func tooLarge(path string, limit int64) error {
	return fault.New(fault.Usage, "check that it is the right file: "+printable.List(path),
		"%q is over %d bytes", path, limit)
}

// classified reports whether err has a class, or is the end of a context.
func classified(err error) bool {
	var known fault.Classified
	return errors.As(err, &known) || errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded)
}
