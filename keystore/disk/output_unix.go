//go:build unix

package disk

import (
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"

	"golang.org/x/sys/unix"
)

// followOwn returns path without symbolic links. A link of another user than root is an [UnsafeError]. The file at the
// end may be missing.
func followOwn(path string) (string, error) {
	absolute, err := filepath.Abs(path)
	if err != nil {
		return "", err
	}
	uid, at, rest := user(), "/", names(absolute)
	for links := 0; len(rest) > 0; {
		name := rest[0]
		rest = rest[1:]
		if name == ".." { // only in a link's target
			at = filepath.Dir(at)
			continue
		}
		next := filepath.Join(at, name)
		var st unix.Stat_t
		err := retry(func() error { return unix.Lstat(next, &st) })
		switch {
		case errors.Is(err, unix.ENOENT) && len(rest) == 0:
			return next, nil
		case err != nil:
			return "", &fs.PathError{Op: "open", Path: next, Err: err}
		case uint32(st.Mode)&unix.S_IFMT != unix.S_IFLNK: // 16 bits on macOS
			at = next
			continue
		case st.Uid != uid && st.Uid != 0:
			return "", &UnsafeError{
				Path: next, Problem: fmt.Sprintf("is a symbolic link of uid %d, and you are uid %d", st.Uid, uid),
				fix: "name the file itself, or one in a folder of your own",
			}
		}
		if links++; links > maxLinks {
			return "", &fs.PathError{Op: "open", Path: path, Err: unix.ELOOP}
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
