//go:build unix

package disk

import (
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"time"

	"golang.org/x/sys/unix"

	"cgp-cred/keystore/printable"
)

// ReadFile reads a file of at most limit bytes that only this user and root can have written: a regular file, not a
// link of either kind, that belongs to this user or root, as all folders above it do. Anything else is an
// [UnsafeError]; a missing file matches fs.ErrNotExist.
func ReadFile(path string, limit int64) ([]byte, error) {
	got, err := read(path, limit, 0)
	return got, Unreadable(err)
}

// ReadPrivate is ReadFile for a secret: no other user may read it either.
func ReadPrivate(path string, limit int64) ([]byte, error) {
	got, err := read(path, limit, 0o077)
	return got, Unreadable(err)
}

// read refuses a file whose mode has a bit of hidden, or that others can write.
func read(path string, limit int64, hidden uint32) ([]byte, error) {
	folder := filepath.Dir(path)
	if err := walk(folder, ownNames(folder)); err != nil {
		return nil, err
	}
	var got []byte
	var err error
	for range maxReplaced {
		if got, err = readOpened(path, limit, hidden); !errors.Is(err, errReplaced) {
			break
		}
	}
	return got, err
}

// maxReplaced is how often a file is opened that another process replaces or removes in that moment.
const maxReplaced = 10

// errReplaced is the error of a file that has no name any more: it was replaced or removed after it was opened.
var errReplaced = fmt.Errorf("%w: it was replaced again and again", fs.ErrNotExist)

func readOpened(path string, limit int64, hidden uint32) ([]byte, error) {
	fd, err := open(path)
	if err != nil {
		return nil, err
	}
	defer unix.Close(fd) //nolint:errcheck // nothing was written
	size, err := checkFile(fd, path, hidden)
	if err != nil {
		return nil, err
	}
	return readAll(fd, path, size, limit)
}

// open opens a file for reading without the runtime's poller, which costs several system calls. With O_NONBLOCK, a
// named pipe instead of the file does not block cgp-cred.
func open(path string) (fd int, err error) {
	const flags = unix.O_RDONLY | unix.O_CLOEXEC | unix.O_NOFOLLOW | unix.O_NONBLOCK
	err = retry(func() (err error) { fd, err = unix.Open(path, flags, 0); return err })
	switch {
	case err == nil:
		return fd, nil
	case errors.Is(err, unix.ELOOP), errors.Is(err, unix.EMLINK): // EMLINK: FreeBSD
		return -1, symlink(path)
	default:
		return -1, &fs.PathError{Op: "open", Path: path, Err: err}
	}
}

// checkFile checks the open file, so that it can't be replaced after the check.
func checkFile(fd int, path string, hidden uint32) (size int64, err error) {
	var st unix.Stat_t
	// CreateOnce gives a file a second name for a moment if the file system has no better way.
	for try := 0; ; try++ {
		if err := retry(func() error { return unix.Fstat(fd, &st) }); err != nil {
			return 0, &fs.PathError{Op: "fstat", Path: path, Err: err}
		}
		if st.Nlink <= 1 || try == 10 {
			break
		}
		time.Sleep(time.Millisecond)
	}
	uid := user()
	mode := uint32(st.Mode) // 16 bits on macOS
	switch {
	case mode&unix.S_IFMT != unix.S_IFREG:
		return 0, irregular(path)
	case st.Uid != uid && st.Uid != 0:
		return 0, foreign(path, st.Uid, uid, ownerOf(path))
	case st.Nlink == 0:
		return 0, &fs.PathError{Op: "open", Path: path, Err: errReplaced}
	case st.Nlink != 1:
		return 0, linked(path, uint64(st.Nlink)) // 16 or 32 bits on other systems
	case mode&hidden != 0:
		return 0, &UnsafeError{Path: path, Problem: "can be read by others", fix: "chmod go= " + printable.Shell(path)}
	}
	return st.Size, closed(descriptor(fd, path), mode, st.Gid, uid, ownerOf(path))
}

func readAll(fd int, path string, size, limit int64) ([]byte, error) {
	buf := make([]byte, min(max(size, 0), limit)+1) // one more byte, so that a longer file is an error and is not cut
	n := 0
	for {
		var m int
		err := retry(func() (err error) { m, err = unix.Read(fd, buf[n:]); return err })
		if err != nil {
			return nil, &fs.PathError{Op: "read", Path: path, Err: err}
		}
		n += m
		switch {
		case int64(n) > limit:
			return nil, tooLarge(path, limit)
		case m == 0:
			return buf[:n:n], nil
		case n == len(buf): // the file has grown
			buf = append(buf, make([]byte, min(int64(len(buf)), limit+1-int64(n)))...)
		}
	}
}
