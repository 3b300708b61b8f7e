//go:build unix

package disk

import (
	"fmt"
	"io/fs"
	"path/filepath"
	"strings"

	"golang.org/x/sys/unix"
)

const maxLinks = 40 // as Linux has it

// walk checks every folder from / to path as the kernel would pass through them: each must belong to us or to root,
// and nobody else may write it, unless it is sticky (/tmp), where names can't be moved by others. Symbolic links are
// followed above our own folders, where they belong to us or to root. The last strict names are our own: no links,
// no sticky bit. A missing folder is an fs.PathError that names it.
func walk(path string, strict int) error {
	if !filepath.IsAbs(path) {
		return relative(path)
	}
	var (
		uid  = uint32(unix.Geteuid())
		at   = "/"
		rest = names(path)
		st   unix.Stat_t
	)
	if err := checkFolder(at, uid, false, &st); err != nil {
		return err
	}
	for links := 0; len(rest) > 0; {
		name := rest[0]
		rest = rest[1:]
		if name == ".." { // only from a link's target; the folder above has been checked
			at = filepath.Dir(at)
			continue
		}
		next := filepath.Join(at, name)
		ours := len(rest) < strict
		if err := checkFolder(next, uid, ours, &st); err != nil {
			return err
		}
		if uint32(st.Mode)&unix.S_IFMT != unix.S_IFLNK { //nolint:unconvert // 16 bits on macOS
			at = next
			continue
		}
		if links++; links > maxLinks {
			return &fs.PathError{Op: "lstat", Path: path, Err: unix.ELOOP}
		}
		target, err := readlink(next)
		if err != nil {
			return err
		}
		if filepath.IsAbs(target) {
			at = "/"
		}
		rest = append(names(target), rest...)
	}
	return nil
}

// names are the names of a path, without empty ones and single dots. Those of a link's target keep their "..".
func names(path string) []string {
	var list []string
	for name := range strings.SplitSeq(path, "/") {
		if name != "" && name != "." {
			list = append(list, name)
		}
	}
	return list
}

// ownNames is how many names at the end of a folder's path belong to this program alone.
func ownNames(folder string) int {
	list := names(folder)
	for i := len(list) - 1; i >= 0; i-- {
		if list[i] == own {
			return len(list) - i
		}
	}
	return 0
}

// checkFolder checks one folder, or a link to one unless it is ours, and leaves what it saw in st.
func checkFolder(path string, uid uint32, ours bool, st *unix.Stat_t) error {
	if err := retry(func() error { return unix.Lstat(path, st) }); err != nil {
		return &fs.PathError{Op: "lstat", Path: path, Err: err}
	}
	if st.Uid != uid && st.Uid != 0 {
		return foreign(path, st.Uid, uid)
	}
	switch mode := uint32(st.Mode); mode & unix.S_IFMT { //nolint:unconvert // 16 bits on macOS
	case unix.S_IFLNK:
		if ours {
			return symlink(path)
		}
		return nil
	case unix.S_IFDIR:
		if !ours && mode&unix.S_ISVTX != 0 {
			return nil
		}
		return closed(path, mode, st.Gid, uid)
	default:
		return &fs.PathError{Op: "lstat", Path: path, Err: unix.ENOTDIR}
	}
}

// closed refuses what others can write. A group that has no member but us is nobody else: with the usual umask of
// 002 on Ubuntu and Fedora all of a user's files are writable by such a group.
func closed(path string, mode, gid, uid uint32) error {
	if mode&0o002 != 0 {
		return &UnsafeError{Path: path, Problem: "can be written by everybody", mend: "chmod go-w " + quote(path)}
	}
	if mode&0o020 != 0 && !privateGroup(gid, uid) {
		return &UnsafeError{Path: path, Problem: "can be written by its group", mend: "chmod go-w " + quote(path)}
	}
	return nil
}

func foreign(path string, owner, uid uint32) error {
	return &UnsafeError{
		Path:    path,
		Problem: fmt.Sprintf("belongs to uid %d, and you are uid %d", owner, uid),
		mend:    fmt.Sprintf("if you trust what is in it: sudo chown -h %d %s", uid, quote(path)),
	}
}

func readlink(path string) (string, error) {
	buf := make([]byte, unix.PathMax)
	var n int
	err := retry(func() (err error) { n, err = unix.Readlink(path, buf); return err })
	if err != nil {
		return "", &fs.PathError{Op: "readlink", Path: path, Err: err}
	}
	return string(buf[:n]), nil
}

// retry repeats a system call that a signal interrupted: the Go runtime's own signals do, on some file systems.
func retry(call func() error) error {
	for {
		if err := call(); err != unix.EINTR { //nolint:errorlint // a plain Errno
			return err
		}
	}
}

// private reports whether path is a folder, ours and closed to everybody else.
func private(path string) bool {
	var st unix.Stat_t
	if !filepath.IsAbs(path) || retry(func() error { return unix.Lstat(path, &st) }) != nil {
		return false
	}
	mode := uint32(st.Mode) //nolint:unconvert // 16 bits on macOS
	return mode&unix.S_IFMT == unix.S_IFDIR && int(st.Uid) == unix.Geteuid() && mode&0o077 == 0
}
