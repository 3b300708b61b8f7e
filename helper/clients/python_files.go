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

// InstallPython writes the Python package below a folder that an interpreter searches: the files that pip would write.
// It creates the folder if it is missing, and replaces an older package that cgp-cred installed. A file that cgp-cred
// did not install is an error. After an error the folder holds what it held before.
func (p Package) InstallPython(folder string) error {
	return disk.Unwritable(whole(folder, p.installPython(folder)))
}

func (p Package) installPython(folder string) error {
	files, err := p.pythonFiles()
	if err != nil {
		return err
	}
	undo, err := makeFolder(folder)
	if err != nil {
		return err
	}
	return undo(p.writePython(folder, files))
}

func (p Package) writePython(folder string, files []file) error {
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
	// INSTALLER and RECORD come first: then an interrupted installation can be repeated or removed like any other.
	slices.SortStableFunc(files, func(a, b file) int { return rank(a.path) - rank(b.path) })
	if err := stage(root, files); err != nil {
		return err
	}
	for _, f := range files {
		if err := root.Rename(f.path+staged, f.path); err != nil {
			return errors.Join(err, unstage(root, files))
		}
		old = slices.DeleteFunc(old, func(name string) bool { return name == f.path })
	}
	return remove(root, old)
}

// staged is the end of the names of files that are not yet in their places.
const staged = ".tmp"

// stage writes all files next to their places. If one can't be written, none is left.
func stage(root *os.Root, files []file) error {
	for i, f := range files {
		err := root.MkdirAll(path.Dir(f.path), 0o755)
		if err == nil {
			err = root.WriteFile(f.path+staged, f.data, 0o644)
		}
		if err != nil {
			return errors.Join(err, unstage(root, files[:i+1]))
		}
	}
	return nil
}

// unstage removes what stage wrote, and the folders that are then empty.
func unstage(root *os.Root, files []file) error {
	var failed error
	for _, f := range files {
		err := root.Remove(f.path + staged)
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			failed = err
		}
		if err := removeEmpty(root, path.Dir(f.path)); err != nil {
			failed = err
		}
	}
	return failed
}

// UninstallPython removes the files that RECORD lists, the byte code that Python compiled from them, and the folders
// that are then empty. It reports whether cgp-cred had installed a package.
func UninstallPython(folder string) (bool, error) {
	was, err := uninstallPython(folder)
	return was, disk.Unwritable(whole(folder, err))
}

func uninstallPython(folder string) (bool, error) {
	root, err := os.OpenRoot(folder) //nolint:forbidigo // Python's folder, below which the package is written
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	defer func() { _ = root.Close() }()
	files, err := recorded(root)
	if err != nil {
		return false, err
	}
	if err := removeStaged(root); err != nil || len(files) == 0 {
		return false, err
	}
	return true, remove(root, files)
}

// removeStaged removes what an installation left that was killed before anything was in its place.
func removeStaged(root *os.Root) error {
	files, err := sources(python, "python")
	if err != nil {
		return err
	}
	infos, err := fs.Glob(root.FS(), "cgp_cred-*.dist-info/*"+staged)
	if err != nil {
		return unreadable(root, err)
	}
	for _, name := range infos {
		files = append(files, file{path: strings.TrimSuffix(name, staged)})
	}
	return unstage(root, files)
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
