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
	uid := user()
	loop := &fs.PathError{Op: "open", Path: path, Err: unix.ELOOP}
	return follow(absolute, loop, func(next string, left int) (link bool, err error) {
		var st unix.Stat_t
		err = retry(func() error { return unix.Lstat(next, &st) })
		switch {
		case errors.Is(err, unix.ENOENT) && left == 0:
			return false, errLast
		case err != nil:
			return false, &fs.PathError{Op: "open", Path: next, Err: err}
		case isLink(&st) && st.Uid != uid && st.Uid != 0:
			return false, &UnsafeError{
				Path: next, Problem: fmt.Sprintf("is a symbolic link of uid %d, and you are uid %d", st.Uid, uid),
				fix: "name the file itself, or one in a folder of your own",
			}
		}
		return isLink(&st), nil
	})
}
