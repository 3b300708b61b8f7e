package disk

import (
	"errors"
	"io/fs"
	"path/filepath"

	"golang.org/x/sys/windows"

	"cgp-cred/keystore/account"
	"cgp-cred/keystore/printable"
)

// SystemFolder returns the folder of the files that the system's administrator keeps, `C:\ProgramData\cgp-cred`, or ""
// if it does not exist. Every user can make a folder there: one that no administrator owns does not count either. No
// variable names another folder.
func SystemFolder() string {
	data, err := windows.KnownFolderPath(windows.FOLDERID_ProgramData, windows.KF_FLAG_DEFAULT)
	if err != nil {
		return ""
	}
	return administered(filepath.Join(data, own))
}

// administered returns a folder, or "" if it does not exist or does not belong to an administrator.
func administered(folder string) string {
	h, err := open(folder)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return ""
	case err != nil: // reading its files says what it is
		return folder
	}
	defer windows.CloseHandle(h) //nolint:errcheck // nothing was written
	if sd, err := descriptor(h, folder); err == nil && !ownedByAdministrators(sd) {
		return ""
	}
	return folder
}

// administrator reports whether an account may write the system's files. Tests replace it: wine has no such file.
var administrator = administers

func ownedByAdministrators(sd *windows.SECURITY_DESCRIPTOR) bool {
	owner, _, err := sd.Owner()
	return err == nil && owner != nil && administrator(owner)
}

// ReadSystem reads a file that only administrators can have written, of at most limit bytes: it belongs to one of them,
// with each folder of cgp-cred's above it; none is a link, and no other user may write one of them. Anything else is an
// [UnsafeError]; a missing file matches fs.ErrNotExist.
func ReadSystem(path string, limit int64) ([]byte, error) {
	got, err := readSystem(path, limit)
	return got, Unreadable(err)
}

func readSystem(path string, limit int64) ([]byte, error) {
	return readChecked(path, limit, func(h windows.Handle) error {
		folder := filepath.Dir(path)
		for n := ownNames(folder); n > 0; n-- {
			if err := checkFolder(folder, checkAdministered); err != nil {
				return err
			}
			folder = filepath.Dir(folder)
		}
		info, err := information(h, path)
		switch {
		case err != nil:
			return err
		case info.FileAttributes&windows.FILE_ATTRIBUTE_DIRECTORY != 0:
			return irregular(path)
		}
		return checkAdministered(h, path)
	})
}

// checkAdministered refuses an open file or folder that a user other than an administrator owns or can write.
func checkAdministered(h windows.Handle, path string) error {
	sd, err := descriptor(h, path)
	if err != nil {
		return err
	}
	return checkSystemDescriptor(sd, path)
}

// checkSystemDescriptor is checkAdministered for an owner and a list.
func checkSystemDescriptor(sd *windows.SECURITY_DESCRIPTOR, path string) error {
	if !ownedByAdministrators(sd) {
		return notAdministered(path, "does not belong to an administrator")
	}
	found, err := holder(sd, writing, func(sid *windows.SID) bool { return !administrator(sid) })
	switch {
	case err != nil:
		return pathError("open", path, err)
	case found != nil:
		return notAdministered(path, "can be written by "+account.Name(found))
	}
	return nil
}

func notAdministered(path, problem string) error {
	handedOn := inheritance(path)
	return &UnsafeError{
		Path: path, Problem: problem,
		fix: "only files that none but administrators can write count as the system's; as administrator: " +
			printable.Shell("icacls", path, "/setowner", "*"+administrators) + "; " +
			printable.Shell("icacls", path, "/inheritance:r", "/grant:r", "*"+system+":"+handedOn+"F",
				"*"+administrators+":"+handedOn+"F", "*"+users+":"+handedOn+"RX"),
	}
}
