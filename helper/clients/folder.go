package clients

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"cgp-cred/keystore/disk"
)

// besides is the start of the names of the folders in which packages are made, and put away. npm and R ignore such
// names.
const besides = ".cgp-cred-"

// abandoned is how old such a folder is if its installation was killed.
const abandoned = time.Hour

// installFolder makes a package that is one folder, name below parent. make fills a new folder, which then takes the
// place of an older package that cgp-cred installed. After an error parent holds what it held before.
func installFolder(parent, name string, fill func(folder string) error) error {
	undo, err := makeFolder(parent)
	if err != nil {
		return disk.Unwritable(err)
	}
	return undo(putFolder(parent, name, fill))
}

func putFolder(parent, name string, fill func(folder string) error) error {
	was, err := isOurs(parent, name)
	if err != nil {
		return err
	}
	work, err := workFolder(parent)
	if err != nil {
		return err
	}
	made, place := filepath.Join(work, name), filepath.Join(parent, name)
	err = fill(work)
	if err == nil {
		mark := filepath.Join(made, "INSTALLER")
		err = os.WriteFile(mark, []byte(Installer+"\n"), 0o644) //nolint:gosec // other users may read it
	}
	switch {
	case err != nil:
	case was:
		err = replaceFolder(made, place)
	default:
		err = os.Rename(made, place)
	}
	return disk.Unwritable(errors.Join(err, os.RemoveAll(work)))
}

// replaceFolder puts a new folder into the place of another one, which is then next to where the new one was.
func replaceFolder(made, place string) error {
	if disk.Exchange(made, place) == nil {
		return nil
	}
	old := filepath.Join(filepath.Dir(made), "old")
	if err := os.Rename(place, old); err != nil {
		return err
	}
	err := os.Rename(made, place)
	if err != nil {
		err = errors.Join(err, os.Rename(old, place))
	}
	return err
}

// uninstallFolder removes a package that is one folder. It reports whether cgp-cred had installed one.
func uninstallFolder(parent, name string) (bool, error) {
	was, err := isOurs(parent, name)
	if err != nil || !was {
		return false, err
	}
	work, err := workFolder(parent)
	if err != nil {
		return false, err
	}
	err = os.Rename(filepath.Join(parent, name), filepath.Join(work, "old"))
	return err == nil, disk.Unwritable(errors.Join(err, os.RemoveAll(work)))
}

// isOurs reports whether cgp-cred installed the package. One of another installer is an error.
func isOurs(parent, name string) (bool, error) {
	place := filepath.Join(parent, name)
	is, err := os.Lstat(place)
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	if err != nil {
		return false, disk.Unreadable(err)
	}
	if is.Mode()&fs.ModeSymlink != 0 {
		return false, inTheWay(place, "npm, or by hand: it is a link")
	}
	if !is.IsDir() {
		return false, inTheWay(place, "")
	}
	by, err := disk.ReadHead(filepath.Join(place, "INSTALLER"), maxHead, nil)
	if errors.Is(err, fs.ErrNotExist) {
		return false, inTheWay(place, "")
	}
	if err != nil {
		return false, err
	}
	if name := strings.TrimSpace(string(by)); name != Installer {
		return false, inTheWay(place, name)
	}
	return true, nil
}

// workFolder makes a new folder below parent, and removes those that were abandoned there.
func workFolder(parent string) (string, error) {
	entries, err := os.ReadDir(parent)
	if err != nil {
		return "", disk.Unreadable(err)
	}
	for _, e := range entries {
		i, err := e.Info()
		if err == nil && strings.HasPrefix(e.Name(), besides) && time.Since(i.ModTime()) > abandoned {
			_ = os.RemoveAll(filepath.Join(parent, e.Name())) // nothing reads it
		}
	}
	work, err := os.MkdirTemp(parent, besides)
	return work, disk.Unwritable(err)
}

// makeFolder makes a folder and those above it that are missing. undo removes them again after an error, and returns
// it.
func makeFolder(folder string) (undo func(error) error, err error) {
	var missing []string
	for f := folder; ; f = filepath.Dir(f) {
		if _, err := os.Lstat(f); !errors.Is(err, fs.ErrNotExist) || f == filepath.Dir(f) {
			break
		}
		missing = append(missing, f)
	}
	undo = func(err error) error {
		if err != nil {
			for _, f := range missing {
				_ = os.Remove(f) // if it is empty
			}
		}
		return err
	}
	return undo, undo(os.MkdirAll(folder, 0o755)) //nolint:gosec // other users' interpreters may read it
}
