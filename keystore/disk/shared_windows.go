package disk

import (
	"io/fs"
	"path/filepath"
)

// outputPath returns the path of a file that the user named, without symbolic links in its folders.
func outputPath(path string, _ bool) (string, error) {
	if !filepath.IsAbs(path) {
		return "", relative(path)
	}
	folder, err := filepath.EvalSymlinks(filepath.Dir(path))
	if err != nil {
		return "", err
	}
	return filepath.Join(folder, filepath.Base(path)), nil
}

// notOurs returns nil: on Windows the rights that a file inherits from its folder decide who can replace it.
func notOurs(string, fs.FileInfo) error { return nil }
