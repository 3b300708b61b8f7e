//go:build unix

package disk

import (
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"strings"

	"golang.org/x/sys/unix"

	"cgp-cred/keystore/printable"
)

const maxLinks = 40 // as Linux has it

// walk checks every folder from / to path as the kernel would pass through them: each must belong to us or to root,
// and nobody else may write it, unless it is sticky (/tmp), where others can't move what is not theirs. Symbolic links
// are followed above our own folders, where they belong to us or to root. The last strict names are our own: no links,
// no sticky bit. A missing folder is an fs.PathError that names it.
func walk(path string, strict int) error {
	_, err := passage{strict: strict}.resolve(path)
	return err
}

// passage says how a path is walked.
type passage struct {
	strict int  // so many names at the end are our own
	toFile bool // the path is a file's that the user named: its last name, and that of each link to it, is no folder
}

// resolve walks path and returns it without symbolic links. The file at the end of a passage to one is not looked at.
func (p passage) resolve(path string) (string, error) {
	if !filepath.IsAbs(path) {
		return "", relative(path)
	}
	var (
		uid  = user()
		at   = "/"
		rest = names(path)
		st   unix.Stat_t
	)
	if err := checkFolder(at, uid, place{}, &st); err != nil {
		return "", err
	}
	for links := 0; len(rest) > 0; {
		name := rest[0]
		rest = rest[1:]
		if name == ".." { // only from a link's target; the folder above has been checked
			at = filepath.Dir(at)
			continue
		}
		next := filepath.Join(at, name)
		in := place{
			ours: len(rest) < p.strict, open: uint32(st.Mode)&0o022 != 0,
			managed: p.toFile, file: p.toFile && len(rest) == 0,
		}
		if err := checkFolder(next, uid, in, &st); err != nil {
			return "", err
		}
		if uint32(st.Mode)&unix.S_IFMT != unix.S_IFLNK { // 16 bits on macOS
			at = next
			continue
		}
		if links++; links > maxLinks {
			return "", &fs.PathError{Op: "lstat", Path: path, Err: unix.ELOOP}
		}
		target, err := readlink(next)
		if err != nil {
			return "", err
		}
		if filepath.IsAbs(target) {
			at = "/"
		}
		rest = append(names(target), rest...)
	}
	return at, nil
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

// place is where a folder, or the file at the end of a path, lies.
type place struct {
	ours    bool // among our own folders
	open    bool // in a folder that others can write, such as /tmp
	managed bool // a folder of root's may be open to its group: what lies in it is checked for its owner
	file    bool // it is the file, or a link to it
}

// checkFolder checks one folder, or a link to one unless it is ours, and leaves what it saw in st. In the place of a
// file it checks that.
func checkFolder(path string, uid uint32, in place, st *unix.Stat_t) error {
	if err := retry(func() error { return unix.Lstat(path, st) }); err != nil {
		return &fs.PathError{Op: "lstat", Path: path, Err: err}
	}
	mode := uint32(st.Mode) // 16 bits on macOS
	kind := mode & unix.S_IFMT
	if st.Uid != uid && st.Uid != 0 {
		above := (kind == unix.S_IFDIR || in.file && kind == unix.S_IFREG) && !in.ours && !in.open
		if !above || !unmapped(st.Uid) {
			return foreign(path, st.Uid, uid)
		}
	}
	switch {
	case kind == unix.S_IFLNK:
		if in.ours {
			return symlink(path)
		}
		return nil
	case kind == unix.S_IFDIR:
		if !in.ours && mode&unix.S_ISVTX != 0 || in.managed && st.Uid == 0 && mode&0o002 == 0 {
			return nil
		}
		return closed(pathFile(path), mode, st.Gid, uid)
	case in.file:
		return closed(pathFile(path), mode, st.Gid, uid)
	default:
		return notFolder(path)
	}
}

// attributed is a file whose access control list can be read: by its path, or by its descriptor.
type attributed struct {
	path string
	get  func(name string, value []byte) (int, error)
}

func pathFile(path string) attributed {
	return attributed{path, func(name string, value []byte) (int, error) { return unix.Lgetxattr(path, name, value) }}
}

func openFile(fd int, path string) attributed {
	return attributed{path, func(name string, value []byte) (int, error) { return unix.Fgetxattr(fd, name, value) }}
}

// closed refuses what others can write. A group that has no member but us is nobody else: with the usual umask of
// 002 on Ubuntu and Fedora all of a user's files are writable by such a group. Users and groups that an access control
// list names show in the mode as that group.
func closed(f attributed, mode, gid, uid uint32) error {
	if mode&0o002 != 0 {
		return &UnsafeError{
			Path: f.path, Problem: "can be written by everybody",
			fix: "chmod go-w " + printable.Shell(f.path),
		}
	}
	if mode&0o020 == 0 {
		return nil
	}
	if !privateGroup(gid, uid) {
		return &UnsafeError{
			Path: f.path, Problem: "can be written by its group",
			fix: "chmod go-w " + printable.Shell(f.path),
		}
	}
	return unlisted(f, uid)
}

func foreign(path string, owner, uid uint32) error {
	return &UnsafeError{
		Path:    path,
		Problem: fmt.Sprintf("belongs to uid %d, and you are uid %d", owner, uid),
		fix:     fmt.Sprintf("if you trust what is in it: sudo chown -h %d %s", uid, printable.Shell(path)),
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
