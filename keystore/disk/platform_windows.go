package disk

import (
	"errors"
	"os"

	"golang.org/x/sys/windows"
)

// noFollow is 0: Windows needs a privilege to make a symbolic link, and has no flag of os.OpenFile to refuse one.
const noFollow = 0

// noBlock is 0: a named pipe of Windows is not in a folder.
const noBlock = 0

// errReadOnly is the error of a medium that can't be written at all.
const errReadOnly = windows.ERROR_WRITE_PROTECT

// syncFolder does nothing: Windows can't sync a folder, and its file systems order a rename themselves.
func syncFolder(string) error { return nil }

// RemoveLock releases a lock that this process holds, and removes its file. Windows does not remove the file while a
// process has it open: then it stays, and is used again.
func RemoveLock(path string, release func()) {
	release()
	_ = os.Remove(path)
}

// noLocks reports whether err says that the file system has no locks.
func noLocks(err error) bool {
	return errors.Is(err, windows.ERROR_NOT_SUPPORTED) || errors.Is(err, windows.ERROR_INVALID_FUNCTION)
}
