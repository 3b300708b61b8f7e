//go:build unix

package disk

import (
	"io/fs"
	"path/filepath"
	"syscall"
)

// outputPath returns the path of a file that the user named, without symbolic links in its folders. It checks those.
func outputPath(path string, open bool) (string, error) {
	if !filepath.IsAbs(path) {
		return "", relative(path)
	}
	folder, name := filepath.Split(filepath.Clean(path))
	folder, err := passage{output: true, open: open}.resolve(folder)
	if err != nil {
		return "", err
	}
	return filepath.Join(folder, name), nil
}

// notOurs returns an error if the file belongs to another user.
func notOurs(path string, info fs.FileInfo) error {
	if st, ok := info.Sys().(*syscall.Stat_t); ok && st.Uid != user() {
		return foreign(path, st.Uid, user(), target)
	}
	return nil
}
