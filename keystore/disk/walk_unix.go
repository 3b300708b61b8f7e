//go:build unix

package disk

import (
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"strings"

	"golang.org/x/sys/unix"
)

const maxLinks = 40 // as Linux has it

// walk checks every folder from / to path as the kernel would pass through them: each must belong to us or to root,
// and nobody else may write it, unless it is sticky (/tmp), where others can't move what is not theirs. Symbolic links
// are followed above our own folders, where they belong to us or to root. The last strict names are our own: no links,
// no sticky bit. A missing folder is an fs.PathError that names it.
func walk(path string, strict int) error {
	if !filepath.IsAbs(path) {
		return relative(path)
	}
	var (
		uid  = user()
		at   = "/"
		rest = names(path)
		st   unix.Stat_t
	)
	if err := checkFolder(at, uid, place{}, &st); err != nil {
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
		open := uint32(st.Mode)&0o022 != 0
		if err := checkFolder(next, uid, place{ours: len(rest) < strict, open: open}, &st); err != nil {
			return err
		}
		if uint32(st.Mode)&unix.S_IFMT != unix.S_IFLNK { // 16 bits on macOS
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

// place is where a folder lies.
type place struct {
	ours bool // among our own folders
	open bool // in a folder that others can write, such as /tmp
}

// checkFolder checks one folder, or a link to one unless it is ours, and leaves what it saw in st.
func checkFolder(path string, uid uint32, in place, st *unix.Stat_t) error {
	if err := retry(func() error { return unix.Lstat(path, st) }); err != nil {
		return &fs.PathError{Op: "lstat", Path: path, Err: err}
	}
	mode := uint32(st.Mode) // 16 bits on macOS
	if st.Uid != uid && st.Uid != 0 {
		above := mode&unix.S_IFMT == unix.S_IFDIR && !in.ours && !in.open
		if !above || !unmapped(st.Uid) {
			return foreign(path, st.Uid, uid)
		}
	}
	switch mode & unix.S_IFMT {
	case unix.S_IFLNK:
		if in.ours {
			return symlink(path)
		}
		return nil
	case unix.S_IFDIR:
		if !in.ours && mode&unix.S_ISVTX != 0 {
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
		if err := call(); !errors.Is(err, unix.EINTR) {
			return err
		}
	}
}

// user is who we are to the kernel's permission checks.
func user() uint32 { return uint32(unix.Geteuid()) } //nolint:gosec // a uid has 32 bits

// private reports whether path is a folder, ours and closed to everybody else.
func private(path string) bool {
	var st unix.Stat_t
	if !filepath.IsAbs(path) || retry(func() error { return unix.Lstat(path, &st) }) != nil {
		return false
	}
	mode := uint32(st.Mode) // 16 bits on macOS
	return mode&unix.S_IFMT == unix.S_IFDIR && st.Uid == user() && mode&0o077 == 0
}
