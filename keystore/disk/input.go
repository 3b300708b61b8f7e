package disk

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"cgp-cred/keystore/await"
	"cgp-cred/keystore/fault"
)

// Wait returns how long reading a pipe or a terminal may take. It is called only for those.
type Wait func() (time.Duration, error)

// Errors of the functions that read input, in an fs.PathError.
var (
	// ErrTooLong: the input is longer than its limit.
	ErrTooLong error = fault.New(fault.Usage, "check that it is the right file", "it is too long")

	errSocket     = unread("it is a socket, not a file")
	errDevice     = unread("it is a device, not a file")
	errNotRegular = unread("it is not a regular file")
)

// unread returns the error of a file of a kind that can't be input.
func unread(problem string) error {
	return fault.New(fault.Usage, hintFile, "%s", problem)
}

// late returns the error of a pipe or a terminal that did not reach its end in time.
func late(waited time.Duration) error {
	const hint = "check that the command that writes to it ends; more time: CGP_CRED_KEYCHAIN_TIMEOUT=5m"
	return fault.New(fault.Usage, hint, "its end did not come within %v", waited)
}

// Descriptor reports whether path names an open file of this process, as a shell makes for <(COMMAND). It can be read
// only once.
func Descriptor(path string) bool {
	path = filepath.ToSlash(filepath.Clean(path))
	if path == "/dev/stdin" {
		return true
	}
	folder, number := filepath.Split(path)
	if number == "" || strings.Trim(number, "0123456789") != "" {
		return false
	}
	process, isProc := strings.CutPrefix(folder, "/proc/")
	return folder == "/dev/fd/" || isProc && strings.Count(process, "/") == 2 && strings.HasSuffix(process, "/fd/")
}

// harmless reports whether path names an open file, the terminal or the null device. Their content is the caller's own
// choice.
func harmless(path string) bool {
	return Descriptor(path) || path == os.DevNull || path == "/dev/tty"
}

// mayRead returns an error if a file of such a type is not read.
func mayRead(path string, kind fs.FileMode) error {
	switch {
	case kind == 0, kind&(fs.ModeDir|fs.ModeNamedPipe) != 0: // reading a folder fails with the system's error
		return nil
	case kind&fs.ModeSocket != 0:
		return errSocket
	case harmless(path):
		return nil
	}
	return errDevice
}

// ReadStream reads all of r, at most limit bytes, within the time of wait; a nil wait has no limit. Errors use name.
func ReadStream(r io.Reader, name string, limit int64, wait Wait) ([]byte, error) {
	read := func() ([]byte, error) { return io.ReadAll(io.LimitReader(r, limit+1)) }
	var data []byte
	var err error
	if wait == nil {
		data, err = read()
	} else {
		var limited time.Duration
		if limited, err = wait(); err != nil {
			return nil, err
		}
		ctx, stop := context.WithTimeout(context.Background(), limited)
		defer stop()
		if data, err = await.Call(ctx, read); errors.Is(err, context.DeadlineExceeded) {
			return nil, &fs.PathError{Op: "read", Path: name, Err: late(limited)}
		}
	}
	switch {
	case err != nil:
		return nil, Unreadable(&fs.PathError{Op: "read", Path: name, Err: reason(err)})
	case int64(len(data)) > limit:
		return nil, &fs.PathError{Op: "read", Path: name, Err: ErrTooLong}
	}
	return data, nil
}

// reason returns the cause in err without the file name that err may hold.
func reason(err error) error {
	var at *fs.PathError
	if errors.As(err, &at) {
		return at.Err
	}
	return err
}
