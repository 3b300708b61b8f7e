package clients

import (
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"cgp-cred/keystore/disk"
)

// Install writes the package below a folder, which it makes where it is missing, in the place of an older one of ours.
// It does nothing else there: a file that is not ours is an error, and nothing is written.
func (p Package) Install(folder string) error {
	return disk.Unwritable(whole(folder, p.install(folder)))
}

func (p Package) install(folder string) error {
	files, err := p.files()
	if err != nil {
		return err
	}
	if err := os.MkdirAll(folder, 0o755); err != nil { //nolint:gosec // interpreters of other users may read it
		return err
	}
	root, err := os.OpenRoot(folder) //nolint:forbidigo // a folder of Python's, below which the package is written
	if err != nil {
		return err
	}
	defer func() { _ = root.Close() }()
	ours, err := recorded(root)
	if err != nil {
		return err
	}
	for _, f := range files {
		if _, err := root.Lstat(f.path); err == nil && !slices.Contains(ours, f.path) {
			return inTheWay(filepath.Join(folder, filepath.FromSlash(f.path)), "")
		}
	}
	// What says whose the files are comes first: an installation that was broken off is repeated, or removed, like
	// another.
	slices.SortStableFunc(files, func(a, b file) int { return rank(a.path) - rank(b.path) })
	var written []string
	for _, f := range files {
		if err := write(root, f); err != nil {
			return err
		}
		written = append(written, f.path)
	}
	return remove(root, slices.DeleteFunc(ours, func(name string) bool { return slices.Contains(written, name) }))
}

// Uninstall removes what RECORD lists, the byte code that Python made of it, and the folders that are then empty. It
// reports whether there was a package of ours.
func Uninstall(folder string) (bool, error) {
	was, err := uninstall(folder)
	return was, disk.Unwritable(whole(folder, err))
}

func uninstall(folder string) (bool, error) {
	root, err := os.OpenRoot(folder) //nolint:forbidigo // a folder of Python's, below which the package is written
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	defer func() { _ = root.Close() }()
	ours, err := recorded(root)
	if err != nil || len(ours) == 0 {
		return false, err
	}
	return true, remove(root, ours)
}

// rank is 0 for INSTALLER, 1 for RECORD, 2 for the others.
func rank(name string) int {
	switch path.Base(name) {
	case "INSTALLER":
		return 0
	case "RECORD":
		return 1
	}
	return 2
}

// recorded lists the files of the packages below root that this one installed.
func recorded(root *os.Root) ([]string, error) {
	infos, err := fs.Glob(root.FS(), "cgp_cred-*.dist-info")
	if err != nil {
		return nil, unreadable(root, err)
	}
	var ours []string
	for _, info := range infos {
		by, err := root.ReadFile(path.Join(info, "INSTALLER"))
		if errors.Is(err, fs.ErrNotExist) {
			if _, err := root.Lstat(path.Join(info, "RECORD")); errors.Is(err, fs.ErrNotExist) {
				continue // the folder is all that there is of an installation
			}
			by, err = []byte("an unknown installer"), nil
		}
		if err != nil {
			return nil, unreadable(root, err)
		}
		if name := strings.TrimSpace(string(by)); name != Installer {
			return nil, inTheWay(filepath.Join(root.Name(), info), name)
		}
		files, err := readRecord(root, path.Join(info, "RECORD"))
		if err != nil {
			return nil, err
		}
		ours = append(append(ours, path.Join(info, "INSTALLER")), files...)
	}
	slices.Sort(ours)
	return slices.Compact(ours), nil
}

// readRecord lists the paths of a RECORD (PEP 376), none where there is no such file. Paths that lead out are refused.
func readRecord(root *os.Root, name string) ([]string, error) {
	text, err := root.ReadFile(name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, unreadable(root, err)
	}
	lines := csv.NewReader(bytes.NewReader(text))
	lines.FieldsPerRecord = -1
	rows, err := lines.ReadAll()
	if err != nil {
		return nil, badRecord(filepath.Join(root.Name(), name), "can't be read: "+err.Error())
	}
	var out []string
	for _, row := range rows {
		if !filepath.IsLocal(filepath.FromSlash(row[0])) || path.Clean(row[0]) != row[0] {
			return nil, badRecord(filepath.Join(root.Name(), name),
				fmt.Sprintf("lists %q, which is no file below its folder", row[0]))
		}
		out = append(out, row[0])
	}
	return out, nil
}

// unreadable is the error of a file below root that can't be read.
func unreadable(root *os.Root, err error) error { return disk.Unreadable(whole(root.Name(), err)) }

// write puts a file in its place whole, or not at all.
func write(root *os.Root, f file) error {
	if err := root.MkdirAll(path.Dir(f.path), 0o755); err != nil {
		return err
	}
	temp := f.path + ".tmp"
	if err := root.WriteFile(temp, f.data, 0o644); err != nil {
		return err
	}
	return root.Rename(temp, f.path)
}

// remove deletes files, what Python compiled from them, and their folders where nothing else is in them. RECORD and
// INSTALLER go last: until then a second try finds its way.
func remove(root *os.Root, files []string) error {
	slices.SortStableFunc(files, func(a, b string) int { return rank(b) - rank(a) })
	for _, name := range files {
		compiled, err := fs.Glob(root.FS(),
			path.Join(path.Dir(name), "__pycache__", strings.TrimSuffix(path.Base(name), ".py")+".*.pyc"))
		if err != nil {
			return err
		}
		if path.Ext(name) != ".py" {
			compiled = nil
		}
		for _, f := range append(compiled, name) {
			if err := root.Remove(f); err != nil && !errors.Is(err, fs.ErrNotExist) {
				return err
			}
		}
		if err := removeEmpty(root, path.Join(path.Dir(name), "__pycache__")); err != nil {
			return err
		}
		if err := removeEmpty(root, path.Dir(name)); err != nil {
			return err
		}
	}
	return nil
}

// removeEmpty removes a folder below root that has nothing in it.
func removeEmpty(root *os.Root, name string) error {
	entries, err := fs.ReadDir(root.FS(), name)
	if name == "." || len(entries) > 0 || errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	return root.Remove(name)
}
