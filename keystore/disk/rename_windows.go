package disk

import (
	"io/fs"

	"golang.org/x/sys/windows"
)

// renameNew renames, and fails with fs.ErrExist if the file exists already.
func renameNew(from, to string) error {
	fail := func(err error) error { return &fs.PathError{Op: "rename", Path: to, Err: err} }
	old, err := windows.UTF16PtrFromString(extended(from))
	if err != nil {
		return fail(err)
	}
	name, err := windows.UTF16PtrFromString(extended(to))
	if err != nil {
		return fail(err)
	}
	err = patient(func() error { return windows.MoveFileEx(old, name, windows.MOVEFILE_WRITE_THROUGH) })
	if err != nil {
		return fail(err)
	}
	return nil
}
