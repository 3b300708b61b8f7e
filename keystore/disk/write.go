package disk

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// WriteFile replaces the file at path, whole or not at all: it writes a temporary file next to it (0600), syncs it,
// renames it, and syncs the folder. It makes missing folders (0700). After an error the old file is unchanged and the
// temporary one is gone; only an error of the last sync leaves the new file, which may not survive a crash. WriteFile
// also removes temporary files that killed processes have left in the folder.
func WriteFile(path string, data []byte) error {
	return WriteFileAfter(path, data, func() error { return nil })
}

// WriteFileAfter is [WriteFile] with a change before the rename. By then all data is on the disk, so a full or
// read-only disk is an error before anything changes. If the change fails, the old file stays, and WriteFileAfter
// returns the change's error.
func WriteFileAfter(path string, data []byte, change func() error) error {
	temp, err := writeTemp(path, data, true)
	if err != nil {
		return Unwritable(err)
	}
	defer remove(temp) //nolint:errcheck // it is gone after the rename
	if err := change(); err != nil {
		return err
	}
	if err := rename(temp, path); err != nil {
		return Unwritable(err)
	}
	sweep(path)
	return Unwritable(syncFolder(filepath.Dir(path)))
}

// WriteVolatile is [WriteFile] for data that a power failure may lose: while the machine runs, the file is the old or
// the new one, and WriteVolatile does not wait for the disk.
func WriteVolatile(path string, data []byte) error {
	temp, err := writeTemp(path, data, false)
	if err != nil {
		return Unwritable(err)
	}
	if err := rename(temp, path); err != nil {
		return Unwritable(errors.Join(err, remove(temp)))
	}
	sweep(path)
	return nil
}

// Rename gives a file another name in its folder, and replaces what has that name.
func Rename(from, to string) error { return Unwritable(rename(from, to)) }

// abandoned is the age at which no process uses a temporary file any more. Such a file lives while a process writes to
// the disk, or, in [WriteFileAfter], while a keychain shows its prompt.
const abandoned = 10 * time.Minute

// TempOf returns the name of the file that a temporary file was meant to replace, and whether name is one that
// writeTemp makes: a dot, a name, and 26 characters of base32.
func TempOf(name string) (file string, ok bool) {
	rest, ok := strings.CutSuffix(name, ".tmp")
	n := len(rest) - 26
	if !ok || n <= 2 || rest[0] != '.' || rest[n-1] != '.' ||
		strings.Trim(rest[n:], "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567") != "" {
		return "", false
	}
	return rest[1 : n-1], true
}

// RemoveTemps removes the temporary files of path that killed processes have left, whatever their age, and reports
// whether there were any. The caller must hold the lock of the processes that write path.
func RemoveTemps(path string) (removed bool, err error) {
	folder := filepath.Dir(path)
	entries, err := os.ReadDir(folder)
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	for _, e := range entries {
		if file, ok := TempOf(e.Name()); ok && file == filepath.Base(path) {
			err = errors.Join(err, remove(filepath.Join(folder, e.Name())))
			removed = true
		}
	}
	return removed, Unwritable(err)
}

// sweep removes abandoned temporary files from the folder of a file that was just written, as well as it can. It counts
// ages by the file system's clock: this process's clock may be wrong, and another process's file must stay until that
// process renames it.
func sweep(written string) {
	now, err := os.Lstat(written)
	if err != nil {
		return
	}
	folder := filepath.Dir(written)
	entries, err := os.ReadDir(folder)
	if err != nil {
		return
	}
	for _, e := range entries {
		if _, ok := TempOf(e.Name()); !ok {
			continue
		}
		if info, err := e.Info(); err == nil && info.Mode().IsRegular() &&
			now.ModTime().Sub(info.ModTime()) > abandoned {
			_ = os.Remove(filepath.Join(folder, e.Name()))
		}
	}
}

// writeTemp writes data to a new file next to path and returns its name. If lasting is set, it waits for the disk.
func writeTemp(path string, data []byte, lasting bool) (name string, err error) {
	folder := filepath.Dir(path)
	if err := makeFolder(folder); err != nil {
		return "", err
	}
	if info, err := os.Lstat(path); err == nil && info.IsDir() { // a rename can't replace a folder
		return "", irregular(path)
	}
	name = tempName(path)
	return name, named(writeNew(name, data, lasting), path)
}

// access says who may read and write a new file.
type access struct {
	mode  fs.FileMode
	group int // its number; -1: the one that the system gives
	// On Windows, which has no modes: only this user opens the file, which otherwise has the rights of its folder.
	private bool
}

var ownerOnly = access{mode: 0o600, group: -1, private: true}

// writeNew writes a file that must not exist yet (0600). After an error it does not exist.
func writeNew(name string, data []byte, lasting bool) error {
	return writeNewFor(ownerOnly, name, data, lasting)
}

// writeNewFor is writeNew for a file with another group and mode. Until both are set, only this user can read it.
func writeNewFor(who access, name string, data []byte, lasting bool) (err error) {
	f, err := createNew(name, who.private)
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, remove(name))
		}
	}()
	if who.group >= 0 {
		if err := f.Chown(-1, who.group); err != nil {
			return errors.Join(&groupError{who.group, err}, f.Close())
		}
	}
	if err := f.Chmod(who.mode); err != nil { // the umask may have removed the user's own rights
		return errors.Join(err, f.Close())
	}
	if _, err := f.Write(data); err != nil {
		return errors.Join(err, f.Close())
	}
	if !lasting {
		return f.Close()
	}
	return errors.Join(f.Sync(), f.Close())
}
