package disk

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"syscall"

	"golang.org/x/sys/windows"
)

const hintFile = "name a file"

// ReadInput reads a regular file that the user names, of at most limit bytes. Errors are fs.PathErrors.
func ReadInput(path string, limit int64, _ Wait) ([]byte, error) {
	return readNamed(path, limit, anyone)
}

// ReadTrusted is ReadInput for a file whose content is trusted: only this user, administrators and the system can have
// written it. The file that path leads to counts, and not its folders: who renames one of them can only put a file of
// their own there. Otherwise the error is an [UnsafeError].
func ReadTrusted(path string, limit int64, _ Wait) ([]byte, error) {
	return readNamed(path, limit, func(f *os.File) error {
		return checkAccess(windows.Handle(f.Fd()), path, writing, given)
	})
}

// CheckTrusted does nothing: no library reads a file that the environment names.
func CheckTrusted(string, int64) error { return nil }

// ReadHead is ReadInput for the first bytes of a file that may be longer.
func ReadHead(path string, limit int64, _ Wait) ([]byte, error) { return readHead(path, limit, anyone) }

// anyone may own a file that the user names.
func anyone(*os.File) error { return nil }

func readNamed(path string, limit int64, check func(*os.File) error) ([]byte, error) {
	got, err := readHead(path, limit+1, check)
	if err == nil && int64(len(got)) > limit {
		return nil, &fs.PathError{Op: "read", Path: path, Err: ErrTooLong}
	}
	return got, err
}

func readHead(path string, limit int64, check func(*os.File) error) ([]byte, error) {
	info, err := stat(path)
	if err != nil {
		return nil, Unreadable(err)
	}
	if err := mayRead(path, info.Mode().Type()&^fs.ModeCharDevice); err != nil {
		return nil, &fs.PathError{Op: "open", Path: path, Err: err}
	}
	if info.IsDir() { // opening it would be denied as if another program had it open
		return nil, Unreadable(&fs.PathError{Op: "open", Path: path, Err: syscall.EISDIR})
	}
	f, err := openFile(path, os.O_RDONLY)
	if err != nil {
		return nil, Unreadable(err)
	}
	defer f.Close() //nolint:errcheck // opened for reading
	if err := check(f); err != nil {
		return nil, Unreadable(err)
	}
	got, err := io.ReadAll(io.LimitReader(f, limit))
	return got, Unreadable(err)
}

// Append adds data to a regular file that exists.
func Append(path string, data []byte) error { return Unwritable(appendTo(path, data)) }

func appendTo(path string, data []byte) error {
	info, err := stat(path)
	if err != nil {
		return err
	}
	if !info.Mode().IsRegular() {
		return &fs.PathError{Op: "open", Path: path, Err: errNotRegular}
	}
	f, err := openFile(path, os.O_APPEND|os.O_WRONLY)
	if err != nil {
		return err
	}
	_, err = f.Write(data)
	return errors.Join(err, f.Close())
}

// stat is [os.Stat], whose error names an operation that users know, as on other systems.
func stat(path string) (fs.FileInfo, error) {
	info, err := os.Stat(path)
	var failed *fs.PathError
	if errors.As(err, &failed) {
		err = &fs.PathError{Op: "open", Path: path, Err: failed.Err}
	}
	return info, err
}
