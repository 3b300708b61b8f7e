package disk

import (
	"errors"
	"io/fs"
	"path/filepath"
)

// followOwn returns path without symbolic links: only administrators make those. The file at the end may be missing.
func followOwn(path string) (string, error) {
	absolute, err := filepath.Abs(path)
	if err != nil {
		return "", err
	}
	target, err := filepath.EvalSymlinks(absolute)
	if errors.Is(err, fs.ErrNotExist) {
		return absolute, nil
	}
	return target, err
}
