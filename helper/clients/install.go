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

// Install writes the package below a folder, and creates the folder if it is missing. It replaces an older package that
// cgp-cred installed. A file that cgp-cred did not install is an error, and nothing is written.
func (p Package) Install(folder string) error {
	return disk.Unwritable(whole(folder, p.install(folder)))
}

func (p Package) install(folder string) error {
	files, err := p.files()
	if err != nil {
		return err
	}
	if err := os.MkdirAll(folder, 0o755); err != nil { //nolint:gosec // other users' interpreters may read it
		return err
	}
	root, err := os.OpenRoot(folder) //nolint:forbidigo // Python's folder, below which the package is written
	if err != nil {
		return err
	}
	defer func() { _ = root.Close() }()
	old, err := recorded(root)
	if err != nil {
		return err
	}
	for _, f := range files {
		if _, err := root.Lstat(f.path); err == nil && !slices.Contains(old, f.path) {
			return inTheWay(filepath.Join(folder, filepath.FromSlash(f.path)), "")
		}
	}
	// Write INSTALLER and RECORD first: then an interrupted installation can be repeated or removed like any other.
	slices.SortStableFunc(files, func(a, b file) int { return rank(a.path) - rank(b.path) })
	var written []string
	for _, f := range files {
		if err := write(root, f); err != nil {
			return err
		}
		written = append(written, f.path)
	}
	return remove(root, slices.DeleteFunc(old, func(name string) bool { return slices.Contains(written, name) }))
}

// Uninstall removes the files that RECORD lists, the byte code that Python compiled from them, and the folders that are
// then empty. It reports whether cgp-cred had installed a package.
func Uninstall(folder string) (bool, error) {
	was, err := uninstall(folder)
	return was, disk.Unwritable(whole(folder, err))
}

func uninstall(folder string) (bool, error) {
	root, err := os.OpenRoot(folder) //nolint:forbidigo // Python's folder, below which the package is written
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	defer func() { _ = root.Close() }()
	files, err := recorded(root)
	if err != nil || len(files) == 0 {
		return false, err
	}
	return true, remove(root, files)
}

// rank returns 0 for INSTALLER, 1 for RECORD and 2 for the other files.
func rank(name string) int {
	switch path.Base(name) {
	case "INSTALLER":
		return 0
	case "RECORD":
		return 1
	}
	return 2
}

// recorded returns the files of the packages below root that cgp-cred installed.
func recorded(root *os.Root) ([]string, error) {
	infos, err := fs.Glob(root.FS(), "cgp_cred-*.dist-info")
	if err != nil {
		return nil, unreadable(root, err)
	}
	var all []string
	for _, info := range infos {
		by, err := root.ReadFile(path.Join(info, "INSTALLER"))
		if errors.Is(err, fs.ErrNotExist) {
			if _, err := root.Lstat(path.Join(info, "RECORD")); errors.Is(err, fs.ErrNotExist) {
				continue // only the folder is left of an installation
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
		all = append(append(all, path.Join(info, "INSTALLER")), files...)
	}
	slices.Sort(all)
	return slices.Compact(all), nil
}

// readRecord returns the paths that a RECORD (PEP 376) lists, or nothing if the file does not exist. It refuses paths
// that lead out of root.
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
			problem := fmt.Sprintf("lists %q, which is not a file below its folder", row[0])
			return nil, badRecord(filepath.Join(root.Name(), name), problem)
		}
		out = append(out, row[0])
	}
	return out, nil
}

// unreadable returns the error for a file below root that can't be read.
func unreadable(root *os.Root, err error) error { return disk.Unreadable(whole(root.Name(), err)) }

// write writes a file completely or not at all.
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

// remove deletes files, what Python compiled from them, and their folders if they are then empty. It deletes RECORD and
// INSTALLER last: until then another attempt finds the files.
func remove(root *os.Root, files []string) error {
	slices.SortStableFunc(files, func(a, b string) int { return rank(b) - rank(a) })
	for _, name := range files {
		pattern := strings.TrimSuffix(path.Base(name), ".py") + ".*.pyc"
		compiled, err := fs.Glob(root.FS(), path.Join(path.Dir(name), "__pycache__", pattern))
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

// removeEmpty removes a folder below root if it is empty.
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
