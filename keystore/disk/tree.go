package disk

import (
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
)

// Tree is a folder that the user names, whose files other programs may read. Nothing outside it is opened, whatever a
// name or a symbolic link says, and no file or folder in it whose name begins with a dot.
type Tree struct {
	path string
	root *os.Root
}

// OpenTree opens a folder.
func OpenTree(path string) (*Tree, error) {
	path, err := filepath.Abs(path)
	if err != nil {
		return nil, Unreadable(err)
	}
	root, err := os.OpenRoot(path)
	if err != nil {
		return nil, Unreadable(err)
	}
	return &Tree{path: path, root: root}, nil
}

// Close releases the folder, which Windows keeps from being removed while it is open.
func (t *Tree) Close() error { return t.root.Close() }

// FS returns the folder as a file system, in which names that begin with a dot count too. Nothing outside it is opened.
func (t *Tree) FS() fs.FS { return t.root.FS() }

// Path returns the folder's absolute path.
func (t *Tree) Path() string { return t.path }

// Holds reports whether a path is the folder, or below it, also by way of symbolic links.
func (t *Tree) Holds(path string) bool {
	top, topErr := filepath.EvalSymlinks(t.path)
	target, err := filepath.EvalSymlinks(path)
	if topErr != nil || err != nil {
		return false
	}
	rest, err := filepath.Rel(top, target)
	return err == nil && filepath.IsLocal(rest)
}

// Folder reports whether a name, with slashes, is a folder's. The folder itself is ".".
func (t *Tree) Folder(name string) bool {
	if name != "." && !shown(name) {
		return false
	}
	info, err := t.root.Stat(name)
	return err == nil && info.IsDir()
}

// Open opens a regular file by its name, with slashes. Everything else matches fs.ErrNotExist. A trusted file can have
// been written only by this user and root, as for [ReadTrusted]; otherwise it is an [UnsafeError].
func (t *Tree) Open(name string, trusted bool) (*os.File, error) {
	if !shown(name) {
		return nil, &fs.PathError{Op: "open", Path: name, Err: fs.ErrNotExist}
	}
	f, err := openRegular(
		func() (fs.FileInfo, error) { return t.root.Stat(name) },
		func() (*os.File, error) { return t.root.OpenFile(name, os.O_RDONLY|noBlock, 0) })
	if err != nil || !trusted {
		return f, err
	}
	if err := CheckTrusted(filepath.Join(t.path, filepath.FromSlash(name)), math.MaxInt64); err != nil {
		_ = f.Close()
		return nil, err
	}
	return f, nil
}

// shown reports whether a name leads only to what is not hidden. Windows has further names for a file: of a stream, a
// short one, and those with dots and spaces after them.
func shown(name string) bool {
	odd := func(part string) bool {
		return part[0] == '.' || runtime.GOOS == "windows" &&
			(strings.ContainsAny(part, `:\~`) || strings.TrimRight(part, ". ") != part)
	}
	return fs.ValidPath(name) && !strings.ContainsRune(name, 0) && !slices.ContainsFunc(strings.Split(name, "/"), odd)
}

// OpenInput opens a regular file that the user names. Any user may own it.
func OpenInput(path string) (*os.File, error) {
	f, err := openRegular(
		func() (fs.FileInfo, error) { return os.Stat(path) },
		func() (*os.File, error) {
			return os.OpenFile(path, os.O_RDONLY|noBlock, 0) //nolint:gosec // the user names this file
		})
	return f, Unreadable(err)
}

// openRegular opens a regular file. It looks first: opening a device can have an effect.
func openRegular(stat func() (fs.FileInfo, error), open func() (*os.File, error)) (*os.File, error) {
	info, err := stat()
	if err == nil && !info.Mode().IsRegular() {
		err = &fs.PathError{Op: "open", Path: info.Name(), Err: fs.ErrNotExist}
	}
	if err != nil {
		return nil, err
	}
	f, err := open()
	if err != nil {
		return nil, err
	}
	if info, err = f.Stat(); err == nil && !info.Mode().IsRegular() { // it was replaced since
		err = &fs.PathError{Op: "open", Path: info.Name(), Err: fs.ErrNotExist}
	}
	if err != nil {
		_ = f.Close()
		return nil, err
	}
	return f, nil
}
