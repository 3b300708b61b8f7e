package disk

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"
	"unsafe"

	"golang.org/x/sys/windows"
)

// sharing lets other programs read, replace and remove a file while it is open here.
const sharing = windows.FILE_SHARE_READ | windows.FILE_SHARE_WRITE | windows.FILE_SHARE_DELETE

// ReadFile reads a file of at most limit bytes that only this user, administrators and the system can have written: a
// regular file, not a link of either kind, that belongs to one of them, as cgp-cred's folders above it do. Folders
// further up are not looked at: who renames one of them can only put a folder of their own there, which is refused.
// Anything else is an [UnsafeError]; a missing file matches fs.ErrNotExist.
func ReadFile(path string, limit int64) ([]byte, error) {
	got, err := read(path, limit, writing)
	return got, Unreadable(err)
}

// ReadPrivate is ReadFile for a secret: no other user may read it either.
func ReadPrivate(path string, limit int64) ([]byte, error) {
	got, err := read(path, limit, writing|reading)
	return got, Unreadable(err)
}

// read refuses a file to which others have one of the rights.
func read(path string, limit int64, rights windows.ACCESS_MASK) ([]byte, error) {
	folder := filepath.Dir(path)
	if err := walk(folder, ownNames(folder)); err != nil {
		return nil, err
	}
	return readChecked(path, limit, func(h windows.Handle) error { return checkFile(h, path, rights) })
}

// readChecked reads a file of at most limit bytes, if check returns nil for it.
func readChecked(path string, limit int64, check func(windows.Handle) error) ([]byte, error) {
	h, err := open(path)
	if err != nil {
		return nil, err
	}
	f := os.NewFile(uintptr(h), path)
	defer f.Close() //nolint:errcheck // nothing was written
	if err := check(h); err != nil {
		return nil, err
	}
	b, err := io.ReadAll(io.LimitReader(f, limit+1))
	if err == nil && int64(len(b)) > limit {
		err = tooLarge(path, limit)
	}
	if err != nil {
		return nil, err
	}
	return b, nil
}

// open opens a file or folder for reading. It opens a link itself, not what it leads to.
func open(path string) (h windows.Handle, err error) {
	if !filepath.IsAbs(path) {
		return 0, relative(path)
	}
	const flags = windows.FILE_FLAG_BACKUP_SEMANTICS | windows.FILE_FLAG_OPEN_REPARSE_POINT
	err = patient(func() (err error) {
		h, err = createFile(path, windows.GENERIC_READ, nil, windows.OPEN_EXISTING, flags)
		return err
	})
	return h, err
}

// information returns what kind of file is open. A link, or a junction, is an error.
func information(h windows.Handle, path string) (info windows.ByHandleFileInformation, err error) {
	if kind, err := windows.GetFileType(h); err != nil || kind != windows.FILE_TYPE_DISK {
		return info, irregular(path)
	}
	if err := windows.GetFileInformationByHandle(h, &info); err != nil {
		return info, pathError("open", path, err)
	}
	if info.FileAttributes&windows.FILE_ATTRIBUTE_REPARSE_POINT == 0 {
		return info, nil
	}
	var tag struct{ attributes, tag uint32 }
	into := (*byte)(unsafe.Pointer(&tag)) //nolint:gosec // FILE_ATTRIBUTE_TAG_INFO
	err = windows.GetFileInformationByHandleEx(h, windows.FileAttributeTagInfo, into, uint32(unsafe.Sizeof(tag)))
	if err != nil {
		return info, pathError("open", path, err)
	}
	const surrogate = 0x20000000 // it stands for another name; a file of OneDrive does not
	if tag.tag&surrogate != 0 {
		return info, symlink(path)
	}
	return info, nil
}

// checkFile checks the open file, so that it can't be replaced after the check.
func checkFile(h windows.Handle, path string, rights windows.ACCESS_MASK) error {
	// CreateOnce gives a file a second name for a moment.
	for try := 0; ; try++ {
		info, err := information(h, path)
		switch {
		case err != nil:
			return err
		case info.FileAttributes&windows.FILE_ATTRIBUTE_DIRECTORY != 0:
			return irregular(path)
		case info.NumberOfLinks <= 1:
			return checkAccess(h, path, rights, ownerOf(path))
		case try == 10:
			return linked(path, uint64(info.NumberOfLinks))
		}
		time.Sleep(time.Millisecond)
	}
}

// walk checks that a folder exists, and that the last strict names of its path, cgp-cred's own folders, are no links,
// belong to this user, and no other user can write them. A missing folder is an fs.PathError that names the highest
// missing one.
func walk(path string, strict int) error {
	if !filepath.IsAbs(path) {
		return relative(path)
	}
	if up := filepath.Dir(path); up != path {
		if strict > 1 {
			if err := walk(up, strict-1); err != nil {
				return err
			}
		} else if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) {
			if err := walk(up, 0); err != nil {
				return err
			}
			return pathError("lstat", path, windows.ERROR_PATH_NOT_FOUND)
		}
	}
	if strict == 0 {
		return plainFolder(path)
	}
	return checkFolder(path, func(h windows.Handle, path string) error {
		if ownNames(path) == 0 { // the user's, as any on a data drive: the files in it are checked
			return nil
		}
		return checkAccess(h, path, writing, ownerOf(path))
	})
}

// checkFolder returns an error unless path is a folder, and no link to one, for which check returns nil.
func checkFolder(path string, check func(h windows.Handle, path string) error) error {
	h, err := open(path)
	if err != nil {
		return err
	}
	defer windows.CloseHandle(h) //nolint:errcheck // nothing was written
	info, err := information(h, path)
	switch {
	case err != nil:
		return err
	case info.FileAttributes&windows.FILE_ATTRIBUTE_DIRECTORY == 0:
		return notFolder(path, ownerOf(path))
	}
	return check(h, path)
}

// plainFolder returns an error unless path is a folder, or a link to one.
func plainFolder(path string) error {
	info, err := os.Stat(path)
	switch {
	case err != nil:
		return err
	case !info.IsDir():
		return notFolder(path, above)
	}
	return nil
}

// ownNames returns how many names at the end of a folder's path are cgp-cred's own.
func ownNames(folder string) int {
	n := 0
	for at := filepath.Clean(folder); at != filepath.Dir(at); at = filepath.Dir(at) {
		n++
		if strings.EqualFold(filepath.Base(at), own) {
			return n
		}
	}
	return 0
}

// private returns false: Windows has no runtime folder.
func private(string) bool { return false }

// exclusive reports whether only this user, administrators and the system can open a folder.
func exclusive(path string) bool {
	h, err := open(path)
	if err != nil {
		return false
	}
	defer windows.CloseHandle(h) //nolint:errcheck // nothing was written
	return checkAccess(h, path, writing|reading, given) == nil
}
