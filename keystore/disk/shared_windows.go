package disk

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"golang.org/x/sys/windows"

	"cgp-cred/keystore/account"
	"cgp-cred/keystore/printable"
)

// outputPath returns the path of a file that the user named, without symbolic links in its folders.
func outputPath(path string, _ bool) (string, error) {
	if !filepath.IsAbs(path) {
		return "", relative(path)
	}
	folder, err := filepath.EvalSymlinks(filepath.Dir(path))
	if err != nil {
		return "", err
	}
	return filepath.Join(folder, filepath.Base(path)), nil
}

// notOurs returns nil: on Windows the rights that a file inherits from its folder decide who can replace it.
func notOurs(string, fs.FileInfo) error { return nil }

// forGroup is empty: the folder above decides who may write a new one.
const forGroup = ""

// checkShared returns an error if every user can write a shared folder. The list of the folder that path leads to
// counts.
func checkShared(path string, _ fs.FileInfo) error {
	var h windows.Handle
	err := patient(func() (err error) {
		const flags = windows.FILE_FLAG_BACKUP_SEMANTICS
		h, err = createFile(path, windows.READ_CONTROL, nil, windows.OPEN_EXISTING, flags)
		return err
	})
	if err != nil {
		return Unreadable(err)
	}
	defer windows.CloseHandle(h) //nolint:errcheck // nothing was written
	sd, err := windows.GetSecurityInfo(h, windows.SE_FILE_OBJECT, windows.DACL_SECURITY_INFORMATION)
	switch {
	case errors.Is(err, windows.ERROR_NOT_SUPPORTED), errors.Is(err, windows.ERROR_INVALID_FUNCTION):
		return nil // a file server without such rights
	case err != nil:
		return Unreadable(pathError("open", path, err))
	}
	return checkSharedDescriptor(sd, path)
}

// checkSharedDescriptor is checkShared for a list.
func checkSharedDescriptor(sd *windows.SECURITY_DESCRIPTOR, path string) error {
	found, err := holder(sd, writing, everyUser)
	if err != nil {
		return Unreadable(pathError("open", path, err))
	}
	if found == nil {
		return nil
	}
	return &UnsafeError{
		Path: path, Problem: "can be written by every user (" + account.Name(found) + ")",
		fix: "let only its owner and a group write it: " + printable.Shell("icacls", path, "/inheritance:d") + "; " +
			printable.Shell("icacls", path, "/remove:g", "*"+found.String()),
	}
}

// everyUser reports whether an account stands for all users, for those who have logged on in some way, or for all of a
// domain. Microsoft, "Well-known SIDs".
func everyUser(sid *windows.SID) bool {
	text := sid.String()
	if strings.HasPrefix(text, "S-1-5-21-") { // a domain's users and its guests
		return strings.HasSuffix(text, "-513") || strings.HasSuffix(text, "-514")
	}
	return slices.Contains([]string{
		"S-1-1-0",                       // Everyone
		"S-1-2-0",                       // Local
		"S-1-5-2", "S-1-5-3", "S-1-5-4", // Network, Batch, Interactive
		"S-1-5-7", "S-1-5-11", "S-1-5-15", // Anonymous, Authenticated Users, This Organization
		"S-1-5-32-545", "S-1-5-32-546", // Users, Guests
	}, text)
}

// openNoFollow opens a file for reading, but no link.
func openNoFollow(path string) (*os.File, error) {
	h, err := open(path)
	if err != nil {
		return nil, err
	}
	f := os.NewFile(uintptr(h), path)
	if _, err := information(h, path); err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return f, nil
}
