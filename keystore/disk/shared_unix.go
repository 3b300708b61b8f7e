//go:build unix

package disk

import (
	"io/fs"
	"os"
	"path/filepath"
	"syscall"

	"cgp-cred/keystore/printable"
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

// forGroup is what the command for a shared folder has for one of a group.
const forGroup = " (for a group: 2770)"

// checkShared returns an error if every user can write a shared folder.
func checkShared(path string, info fs.FileInfo) error {
	if info.Mode()&0o002 == 0 {
		return nil
	}
	fix := "let only its owner and its group write it: " + printable.Shell("chmod", "o-w", path)
	return &UnsafeError{Path: path, Problem: "can be written by every user", fix: fix}
}

// openNoFollow opens a file for reading, but no link, and does not wait for what is no file.
func openNoFollow(path string) (*os.File, error) { return openFile(path, os.O_RDONLY|noFollow|noBlock) }
