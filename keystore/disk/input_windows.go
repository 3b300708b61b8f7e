package disk

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"syscall"
)

const hintFile = "name a file"

// ReadInput reads a regular file that the user names, of at most limit bytes. Errors are fs.PathErrors.
func ReadInput(path string, limit int64, wait Wait) ([]byte, error) {
	got, err := ReadHead(path, limit+1, wait)
	if err == nil && int64(len(got)) > limit {
		return nil, &fs.PathError{Op: "read", Path: path, Err: ErrTooLong}
	}
	return got, err
}

// ReadTrusted is ReadInput: the file inherits its rights from the folders that the user chose.
func ReadTrusted(path string, limit int64, wait Wait) ([]byte, error) {
	return ReadInput(path, limit, wait)
}

// CheckTrusted does nothing: no library reads a file that the environment names.
func CheckTrusted(string, int64) error { return nil }

// ReadHead is ReadInput for the first bytes of a file that may be longer.
func ReadHead(path string, limit int64, _ Wait) ([]byte, error) {
	info, err := os.Stat(path)
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
	got, err := io.ReadAll(io.LimitReader(f, limit))
	return got, Unreadable(err)
}

// Append adds data to a regular file that exists.
func Append(path string, data []byte) error { return Unwritable(appendTo(path, data)) }

func appendTo(path string, data []byte) error {
	info, err := os.Stat(path)
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
