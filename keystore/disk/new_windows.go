package disk

import (
	"errors"
	"io/fs"
	"os"

	"golang.org/x/sys/windows"
)

// makeOne makes a folder that only this user, administrators and the system can open, with what is made in it.
func makeOne(path string) error {
	name, err := windows.UTF16PtrFromString(extended(path))
	if err != nil {
		return pathError("mkdir", path, err)
	}
	private, err := attributes(true)
	if err != nil {
		return err
	}
	return pathError("mkdir", path, windows.CreateDirectory(name, private))
}

// createNew makes a file that must not exist yet, for writing. If it is private, only this user, administrators and the
// system can open it; otherwise it has the rights of its folder.
func createNew(path string, private bool) (*os.File, error) {
	if !private {
		return os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600) //nolint:gosec // the caller's own file
	}
	rights, err := attributes(false)
	if err != nil {
		return nil, err
	}
	h, err := createFile(path, windows.GENERIC_WRITE, rights, windows.CREATE_NEW, windows.FILE_ATTRIBUTE_NORMAL)
	if err != nil {
		return nil, err
	}
	return os.NewFile(uintptr(h), path), nil
}

// createFile is [windows.CreateFile], by which other programs may read, replace and remove the file meanwhile.
func createFile(
	path string, access uint32, rights *windows.SecurityAttributes, disposition, flags uint32,
) (windows.Handle, error) {
	name, err := windows.UTF16PtrFromString(extended(path))
	if err != nil {
		return 0, pathError("open", path, err)
	}
	h, err := windows.CreateFile(name, access, sharing, rights, disposition, flags, 0)
	return h, pathError("open", path, err)
}

// closeFolder takes other users' rights to a folder, and to what inherits its rights, if they have any.
func closeFolder(path string) error {
	h, err := open(path)
	if err != nil {
		return err
	}
	defer windows.CloseHandle(h) //nolint:errcheck // nothing was written
	unsafe := (*UnsafeError)(nil)
	if err := checkAccess(h, path, writing|reading, ours); !errors.As(err, &unsafe) {
		return err
	}
	sd, err := privateDescriptor(true)
	if err != nil {
		return err
	}
	list, _, err := sd.DACL()
	if err != nil {
		return pathError("chmod", path, err)
	}
	const parts = windows.DACL_SECURITY_INFORMATION | windows.PROTECTED_DACL_SECURITY_INFORMATION
	return pathError("chmod", path,
		windows.SetNamedSecurityInfo(extended(path), windows.SE_FILE_OBJECT, parts, nil, nil, list, nil))
}

// pathError puts the path of a file into an error. nil stays nil.
func pathError(op, path string, err error) error {
	if err == nil {
		return nil
	}
	return &fs.PathError{Op: op, Path: path, Err: err}
}
