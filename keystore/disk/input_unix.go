//go:build unix

package disk

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"golang.org/x/sys/unix"
)

const hintFile = "name a file; for the output of a command use <(COMMAND), or pipe it to /dev/stdin"

var errPipe = unread("it is a named pipe, not a file")

// ReadInput reads a file that the user names, of at most limit bytes. Any user may own it. It waits for a named pipe, a
// descriptor or the terminal for as long as wait says, and refuses a socket or a device. Errors are fs.PathErrors.
func ReadInput(path string, limit int64, wait Wait) ([]byte, error) {
	got, err := readNamed(path, limit, wait, false)
	return got, Unreadable(err)
}

// ReadHead is ReadInput for the first bytes of a file that may be longer.
func ReadHead(path string, limit int64, wait Wait) ([]byte, error) {
	got, err := readNamed(path, limit, wait, true)
	return got, Unreadable(err)
}

// ReadTrusted is ReadInput for a file whose content is trusted: only this user and root can have written it, and the
// links and folders on the way to it. Anything else is an [UnsafeError]. It trusts a descriptor, which the caller has
// opened.
func ReadTrusted(path string, limit int64, wait Wait) ([]byte, error) {
	if harmless(path) {
		return ReadInput(path, limit, wait)
	}
	target, err := trusted(path)
	if err != nil {
		return nil, Unreadable(err)
	}
	return ReadInput(target, limit, wait)
}

// CheckTrusted checks a file that a library is going to read: [ReadTrusted] would read it, it has at most limit bytes,
// and reading it does not wait. A descriptor's pipe must be read before.
func CheckTrusted(path string, limit int64) error {
	target, err := path, error(nil)
	if !harmless(path) {
		target, err = trusted(path)
	}
	if err != nil {
		return Unreadable(err)
	}
	var st unix.Stat_t
	err = retry(func() error { return unix.Stat(target, &st) })
	switch kind := kindOf(&st); {
	case err != nil:
	case kind == fs.ModeDir:
		err = unix.EISDIR
	case kind == fs.ModeNamedPipe && !Descriptor(path):
		err = errPipe
	case kind != 0 && kind != fs.ModeNamedPipe && path != os.DevNull:
		err = errDevice
	case st.Size > limit:
		err = ErrTooLong
	}
	if err != nil {
		return Unreadable(&fs.PathError{Op: "open", Path: path, Err: err})
	}
	return nil
}

// trusted returns the file that path names, without links, if only this user and root can have written it.
func trusted(path string) (string, error) {
	if err := checkKind(path); err != nil {
		return "", err
	}
	absolute, err := filepath.Abs(path)
	if err != nil {
		return "", err
	}
	return passage{toFile: true}.resolve(absolute)
}

func readNamed(path string, limit int64, wait Wait, head bool) ([]byte, error) {
	if err := checkKind(path); err != nil {
		return nil, err
	}
	fail := func(op string, err error) ([]byte, error) { return nil, &fs.PathError{Op: op, Path: path, Err: err} }
	in := input{descriptor: Descriptor(path), wait: wait}
	const flags = unix.O_RDONLY | unix.O_CLOEXEC | unix.O_NONBLOCK | unix.O_NOCTTY
	if err := retry(func() (err error) { in.fd, err = unix.Open(path, flags, 0); return err }); err != nil {
		return fail("open", err)
	}
	defer unix.Close(in.fd) //nolint:errcheck // nothing was written
	var st unix.Stat_t
	if err := retry(func() error { return unix.Fstat(in.fd, &st) }); err != nil {
		return fail("stat", err)
	}
	kind := kindOf(&st)
	if err := mayRead(path, kind); err != nil { // it was replaced since checkKind
		return fail("open", err)
	}
	var unknown *waitError
	got, err := in.readAll(limit+1, kind&fs.ModeNamedPipe != 0)
	switch {
	case errors.As(err, &unknown):
		return nil, unknown.error
	case err != nil:
		return fail("read", err)
	case int64(len(got)) > limit && !head:
		return fail("read", ErrTooLong)
	}
	return got[:min(int64(len(got)), limit)], nil
}

// checkKind returns an error if a file must not be opened: opening a device can have an effect.
func checkKind(path string) error {
	var st unix.Stat_t
	err := retry(func() error { return unix.Stat(path, &st) })
	if err == nil {
		err = mayRead(path, kindOf(&st))
	}
	if err != nil {
		return &fs.PathError{Op: "open", Path: path, Err: err}
	}
	return nil
}

// kindOf returns the type of a file.
func kindOf(st *unix.Stat_t) fs.FileMode {
	switch uint32(st.Mode) & unix.S_IFMT { // 16 bits on macOS
	case unix.S_IFREG:
		return 0
	case unix.S_IFDIR:
		return fs.ModeDir
	case unix.S_IFIFO:
		return fs.ModeNamedPipe
	case unix.S_IFSOCK:
		return fs.ModeSocket
	}
	return fs.ModeDevice
}

// input is an open file that is read without blocking.
type input struct {
	fd         int
	descriptor bool
	wait       Wait

	limited time.Duration // the time that wait returned
	until   time.Time     // zero: wait was not called yet
}

// waitError is an error of a Wait.
type waitError struct{ error }

// readAll reads up to most bytes. A named pipe reports its end before a process opens it for writing, so readAll waits.
func (in *input) readAll(most int64, pipe bool) ([]byte, error) {
	if pipe && !in.descriptor {
		if err := in.ready(); err != nil {
			return nil, err
		}
	}
	buf := make([]byte, min(most, 8<<10))
	n := 0
	for {
		var m int
		err := retry(func() (err error) { m, err = unix.Read(in.fd, buf[n:]); return err })
		switch {
		case errors.Is(err, unix.EAGAIN):
			if err := in.ready(); err != nil {
				return nil, err
			}
			continue
		case err != nil:
			return nil, err
		}
		n += m
		switch {
		case m == 0, int64(n) == most:
			return buf[:n:n], nil
		case n == len(buf):
			buf = append(buf, make([]byte, min(int64(len(buf)), most-int64(n)))...)
		}
	}
}

// ready waits for input or for its end.
func (in *input) ready() error {
	if in.until.IsZero() {
		var err error
		if in.limited, err = in.wait(); err != nil {
			return &waitError{err}
		}
		in.until = time.Now().Add(in.limited)
	}
	const turn = time.Second
	for {
		left := time.Until(in.until)
		if left <= 0 {
			return late(in.limited)
		}
		on := []unix.PollFd{{Fd: int32(in.fd), Events: unix.POLLIN}} //nolint:gosec // a descriptor
		n, err := unix.Poll(on, int(min(left, turn).Milliseconds())+1)
		switch {
		case errors.Is(err, unix.EINTR):
		case err != nil:
			return err
		case n > 0 && on[0].Revents&unix.POLLNVAL != 0: // macOS can't poll a terminal
			time.Sleep(10 * time.Millisecond)
			return nil
		case n > 0:
			return nil
		}
	}
}

// Append adds data to a regular file that exists.
func Append(path string, data []byte) error { return Unwritable(appendTo(path, data)) }

func appendTo(path string, data []byte) error {
	fail := func(op string, err error) error { return &fs.PathError{Op: op, Path: path, Err: err} }
	var fd int
	const flags = unix.O_WRONLY | unix.O_APPEND | unix.O_CLOEXEC | unix.O_NONBLOCK | unix.O_NOCTTY
	if err := retry(func() (err error) { fd, err = unix.Open(path, flags, 0); return err }); err != nil {
		return fail("open", err)
	}
	var st unix.Stat_t
	err := retry(func() error { return unix.Fstat(fd, &st) })
	if err == nil && kindOf(&st) != 0 {
		err = errNotRegular
	}
	for err == nil && len(data) > 0 {
		var n int
		err = retry(func() (err error) { n, err = unix.Write(fd, data); return err })
		data = data[max(n, 0):]
	}
	if cerr := unix.Close(fd); err == nil {
		err = cerr
	}
	if err != nil {
		return fail("write", err)
	}
	return nil
}
