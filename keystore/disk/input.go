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

// Wait is how long a pipe or a terminal that is read may take. It is asked only if there is one.
type Wait func() (time.Duration, error)

// Errors of [ReadInput] and its like, in an fs.PathError.
var (
	// ErrTooLong: there is more than is read of such a file.
	ErrTooLong error = fault.New(fault.Usage, "check that it is the right file", "there is too much in it")

	errSocket     = unread("it is a socket, not a file")
	errPipe       = unread("it is a named pipe, not a file")
	errDevice     = unread("it is a device, not a file")
	errNotRegular = unread("it is not a regular file")
)

// unread returns the error of a file of a kind that is not read.
func unread(problem string) error {
	const hint = "name a file; what a command prints can be handed over as <(COMMAND), or through a pipe as /dev/stdin"
	return fault.New(fault.Usage, hint, "%s", problem)
}

// late returns the error of a pipe or a terminal that did not come to its end in time.
func late(waited time.Duration) error {
	const hint = "check that the command that writes to it ends; more time: CGP_CRED_KEYCHAIN_TIMEOUT=5m"
	return fault.New(fault.Usage, hint, "its end did not come within %v", waited)
}

// Descriptor reports whether path names an open file of this process, as a shell does for <(COMMAND): it can be
// read once only.
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

// harmless reports whether path names an open file, the terminal or the null device: what they hold is the caller's
// own choice.
func harmless(path string) bool {
	return Descriptor(path) || path == os.DevNull || path == "/dev/tty"
}

// mayRead reports why a file of such a type is not read.
func mayRead(path string, kind fs.FileMode) error {
	switch {
	case kind == 0, kind&(fs.ModeDir|fs.ModeNamedPipe) != 0: // of a folder the read says what it is
		return nil
	case kind&fs.ModeSocket != 0:
		return errSocket
	case harmless(path):
		return nil
	}
	return errDevice
}

// ReadStream reads all of r, at most limit bytes, within the time of wait; nil waits for ever. Name is for its errors.
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

// reason is an error without the name of the file that it may carry.
func reason(err error) error {
	var at *fs.PathError
	if errors.As(err, &at) {
		return at.Err
	}
	return err
}
