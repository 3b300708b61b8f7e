//go:build unix

package disk

import (
	"errors"
	"io/fs"

	"golang.org/x/sys/unix"

	"cgp-cred/keystore/printable"
)

// SystemFolder returns the folder of the files that the system's administrator keeps. No variable names another.
func SystemFolder() string { return "/etc/" + own }

// ReadSystem reads a file that only root can have written, of at most limit bytes: it belongs to root, with each folder
// and link on the way to it, and no other user may write one of them, not even a sticky folder. Anything else is an
// [UnsafeError]. Most machines don't have the file: then one system call finds that out, and the error matches
// fs.ErrNotExist.
func ReadSystem(path string, limit int64) ([]byte, error) {
	var fd int
	const flags = unix.O_RDONLY | unix.O_CLOEXEC | unix.O_NONBLOCK | unix.O_NOCTTY
	err := retry(func() (err error) { fd, err = unix.Open(path, flags, 0); return err })
	if errors.Is(err, unix.ENOTDIR) {
		err = fs.ErrNotExist
	}
	if err != nil {
		return nil, Unreadable(&fs.PathError{Op: "open", Path: path, Err: err})
	}
	defer unix.Close(fd) //nolint:errcheck // nothing was written
	if err := onlyRoot(path); err != nil {
		return nil, err
	}
	var st unix.Stat_t
	if err := retry(func() error { return unix.Fstat(fd, &st) }); err != nil {
		return nil, &fs.PathError{Op: "fstat", Path: path, Err: err}
	}
	if uint32(st.Mode)&unix.S_IFMT != unix.S_IFREG { // 16 bits on macOS
		return nil, irregular(path)
	}
	if err := byRoot(path, &st); err != nil {
		return nil, err
	}
	return readAll(fd, path, st.Size, limit)
}

// onlyRoot walks from / to path, and returns an error if another user could change what path leads to.
func onlyRoot(path string) error {
	loop := &fs.PathError{Op: "lstat", Path: path, Err: unix.ELOOP}
	look := func(next string, _ int) (link bool, err error) {
		var st unix.Stat_t
		if err := retry(func() error { return unix.Lstat(next, &st) }); err != nil {
			return false, &fs.PathError{Op: "lstat", Path: next, Err: err}
		}
		return isLink(&st), byRoot(next, &st)
	}
	if _, err := look("/", 0); err != nil {
		return err
	}
	_, err := follow(path, loop, look)
	return err
}

// byRoot returns an error if a user other than root may write a file.
func byRoot(path string, st *unix.Stat_t) error {
	problem := ""
	switch mode := uint32(st.Mode); { // 16 bits on macOS
	case st.Uid != 0:
		problem = "does not belong to root"
	case isLink(st):
	case mode&0o002 != 0:
		problem = "can be written by everybody"
	case mode&0o020 != 0:
		problem = "can be written by its group"
	}
	if problem == "" {
		return nil
	}
	const hint = "only files that no other user than root can write count as the system's"
	return &UnsafeError{
		Path: path, Problem: problem,
		fix: ownerOf(path).fix(path, hint+": "+printable.Shell("sudo", "chown", "-h", "root", path)+" && "+
			printable.Shell("sudo", "chmod", "go-w", path), hint, hint),
	}
}
