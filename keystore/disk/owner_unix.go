//go:build unix

package disk

import (
	"errors"
	"io/fs"
	"path/filepath"
	"strings"

	"golang.org/x/sys/unix"
)

const maxLinks = 40 // the same as Linux's

// walk checks every folder from / to path as the kernel passes through them: each must belong to this user or to root,
// and no other user may write it, unless it is sticky (/tmp): there others can't move this user's files. Above
// cgp-cred's own folders walk follows symbolic links that belong to this user or to root. The last strict names are
// cgp-cred's own folders: they may be neither links nor sticky. A missing folder is an fs.PathError that names it.
func walk(path string, strict int) error {
	_, err := passage{strict: strict}.resolve(path)
	return err
}

// passage says how to walk a path.
type passage struct {
	strict int  // the last strict names are cgp-cred's own folders, or one that the user named
	toFile bool // the path ends in a file that the user named, and so does each link to it
	output bool // the path ends in the folder of a file that the user named to be written
	open   bool // others may write the last folder
}

// resolve walks path and returns it without symbolic links. It does not check the file at the end of a strict passage.
func (p passage) resolve(path string) (string, error) {
	if !filepath.IsAbs(path) {
		return "", relative(path)
	}
	uid := user()
	var st unix.Stat_t // of the name before
	if err := checkFolder("/", uid, place{whose: p.whose("/", false)}, &st); err != nil {
		return "", err
	}
	loop := &fs.PathError{Op: "lstat", Path: path, Err: unix.ELOOP}
	return follow(path, loop, func(next string, left int) (link bool, err error) {
		in := place{
			cgpCred: left < p.strict, open: uint32(st.Mode)&0o022 != 0,
			managed: p.toFile, file: p.toFile && left == 0, anyone: p.open && left == 0,
		}
		in.whose = p.whose(next, in.cgpCred)
		err = checkFolder(next, uid, in, &st)
		return isLink(&st), err
	})
}

// errLast ends [follow] at the name that is examined.
var errLast = errors.New("the path ends here")

// follow returns an absolute path without symbolic links. It walks from / as the kernel does, and calls look for each
// name, which says whether it is a link; left is how many names are left after it. An error of look ends the walk; loop
// is the error of too many links.
func follow(path string, loop error, look func(next string, left int) (link bool, err error)) (string, error) {
	at, rest := "/", names(path)
	for links := 0; len(rest) > 0; {
		name := rest[0]
		rest = rest[1:]
		if name == ".." { // only in a link's target; the folder above has been examined
			at = filepath.Dir(at)
			continue
		}
		next := filepath.Join(at, name)
		link, err := look(next, len(rest))
		switch {
		case errors.Is(err, errLast):
			return next, nil
		case err != nil:
			return "", err
		case !link:
			at = next
			continue
		}
		if links++; links > maxLinks {
			return "", loop
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

func isLink(st *unix.Stat_t) bool { return uint32(st.Mode)&unix.S_IFMT == unix.S_IFLNK } // 16 bits on macOS

// whose returns whose a folder of the passage is.
func (p passage) whose(folder string, strict bool) whose {
	switch {
	case strict && ownerOf(folder) == ours:
		return ours
	case strict, p.toFile:
		return given
	case p.output:
		return target
	default:
		return above
	}
}

// names returns the names in a path, without empty ones and single dots. Those of a link's target keep their "..".
func names(path string) []string {
	var list []string
	for name := range strings.SplitSeq(path, "/") {
		if name != "" && name != "." {
			list = append(list, name)
		}
	}
	return list
}

// ownNames returns how many names at the end of a folder's path are cgp-cred's own.
func ownNames(folder string) int {
	list := names(folder)
	for i := len(list) - 1; i >= 0; i-- {
		if list[i] == own {
			return len(list) - i
		}
	}
	return 0
}

// place says what holds a folder, or the file at the end of a path.
type place struct {
	cgpCred bool // it is among cgp-cred's own folders
	open    bool // its folder can be written by others, as /tmp can
	managed bool // a folder of root's may be writable by its group: what it holds is checked for its owner
	file    bool // it is the file, or a link to it
	anyone  bool // others may write it
	whose   whose
}

// checkFolder checks one folder, or, except among cgp-cred's own, a link to one, and stores what it saw in st. If the
// path ends in a file, it checks that file.
func checkFolder(path string, uid uint32, in place, st *unix.Stat_t) error {
	if err := retry(func() error { return unix.Lstat(path, st) }); err != nil {
		return &fs.PathError{Op: "lstat", Path: path, Err: err}
	}
	mode := uint32(st.Mode) // 16 bits on macOS
	kind := mode & unix.S_IFMT
	if st.Uid != uid && st.Uid != 0 {
		above := (kind == unix.S_IFDIR || in.file && kind == unix.S_IFREG) && !in.cgpCred && !in.open
		if !above || !unmapped(st.Uid) {
			return foreign(path, st.Uid, uid, in.whose)
		}
	}
	switch {
	case kind == unix.S_IFLNK:
		if in.cgpCred {
			return symlink(path)
		}
		return nil
	case kind == unix.S_IFDIR:
		if in.anyone {
			return nil
		}
		if !in.cgpCred && mode&unix.S_ISVTX != 0 || in.managed && st.Uid == 0 && mode&0o002 == 0 {
			return nil
		}
		return closed(pathFile(path), mode, st.Gid, uid, in.whose)
	case in.file:
		return closed(pathFile(path), mode, st.Gid, uid, in.whose)
	default:
		return notFolder(path, in.whose)
	}
}

// attributed is a file whose access control list can be read by its path or by its descriptor.
type attributed struct {
	path string
	get  func(name string, value []byte) (int, error)
}

func pathFile(path string) attributed {
	return attributed{path, func(name string, value []byte) (int, error) { return unix.Lgetxattr(path, name, value) }}
}

func descriptor(fd int, path string) attributed {
	return attributed{path, func(name string, value []byte) (int, error) { return unix.Fgetxattr(fd, name, value) }}
}

// closed refuses a file that others can write. A group with this user as its only member does not count: with the usual
// umask of 002 on Ubuntu and Fedora such a group can write all of a user's files. The mode shows the users and groups
// of an access control list as that group.
func closed(f attributed, mode, gid, uid uint32, w whose) error {
	switch {
	case mode&0o002 != 0:
		return writable(f.path, "can be written by everybody", w, "chmod", "go-w")
	case mode&0o020 == 0:
		return nil
	case !privateGroup(gid, uid):
		return writable(f.path, "can be written by its group", w, "chmod", "go-w")
	}
	return unlisted(f, uid, w)
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

// retry repeats a system call that a signal interrupted: on some file systems the Go runtime's own signals do.
func retry(call func() error) error {
	for {
		if err := call(); !errors.Is(err, unix.EINTR) {
			return err
		}
	}
}

// user returns the uid that the kernel checks permissions for.
func user() uint32 { return uint32(unix.Geteuid()) } //nolint:gosec // a uid has 32 bits

// exclusive is private, for a folder that was made in a folder of all users.
func exclusive(path string) bool { return private(path) }

// private reports whether path is a folder that belongs to this user and is closed to all others.
func private(path string) bool {
	var st unix.Stat_t
	if !filepath.IsAbs(path) || retry(func() error { return unix.Lstat(path, &st) }) != nil {
		return false
	}
	mode := uint32(st.Mode) // 16 bits on macOS
	return mode&unix.S_IFMT == unix.S_IFDIR && st.Uid == user() && mode&0o077 == 0
}
