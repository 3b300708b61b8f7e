package disk

import (
	"crypto/rand"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// WriteFile puts data in the place of whatever is at path, whole or not at all: a temporary file beside it (0600),
// fsync, rename, fsync of the folder. Missing folders are made (0700). After an error the old file is as it was and
// the temporary one is gone; only an error of the last fsync leaves the new file, which may not outlive a crash. What
// processes that were killed have left in the folder is removed.
func WriteFile(path string, data []byte) error {
	return WriteFileAfter(path, data, func() error { return nil })
}

// WriteFileAfter is [WriteFile] that makes a change before the file takes its place: by then all of it is on the disk,
// so a disk that is full or read-only is an error before anything is changed. If the change fails, the old file stays,
// and the error is the change's.
func WriteFileAfter(path string, data []byte, change func() error) error {
	temp, err := writeTemp(path, data, true)
	if err != nil {
		return Unwritable(err)
	}
	defer os.Remove(temp) //nolint:errcheck // it is gone after the rename
	if err := change(); err != nil {
		return err
	}
	if err := os.Rename(temp, path); err != nil {
		return Unwritable(err)
	}
	sweep(path)
	return Unwritable(syncFolder(filepath.Dir(path)))
}

// WriteVolatile is [WriteFile] for what may be lost with the machine's power: the file is whole or the old one while
// the machine runs, and nothing waits for the disk.
func WriteVolatile(path string, data []byte) error {
	temp, err := writeTemp(path, data, false)
	if err != nil {
		return Unwritable(err)
	}
	if err := os.Rename(temp, path); err != nil {
		return Unwritable(errors.Join(err, os.Remove(temp)))
	}
	sweep(path)
	return nil
}

// abandoned is the age at which a temporary file is nobody's any more: it lives for as long as a write to
// the disk lasts, or in [WriteFileAfter] while a keychain shows its prompt.
const abandoned = 10 * time.Minute

// TempOf returns the name of the file that a temporary file was to become, and whether writeTemp gives such names: a
// dot, a name, and 26 characters of base32.
func TempOf(name string) (file string, ok bool) {
	rest, ok := strings.CutSuffix(name, ".tmp")
	n := len(rest) - 26
	if !ok || n <= 2 || rest[0] != '.' || rest[n-1] != '.' ||
		strings.Trim(rest[n:], "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567") != "" {
		return "", false
	}
	return rest[1 : n-1], true
}

// RemoveTemps removes the temporary files that killed processes have left of a file, whatever their age, and reports
// whether there were any. The caller has the lock of those that write the file.
func RemoveTemps(path string) (removed bool, err error) {
	folder := filepath.Dir(path)
	entries, err := os.ReadDir(folder)
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	for _, e := range entries {
		if file, ok := TempOf(e.Name()); ok && file == filepath.Base(path) {
			err = errors.Join(err, os.Remove(filepath.Join(folder, e.Name())))
			removed = true
		}
	}
	return removed, Unwritable(err)
}

// sweep removes abandoned temporary files from the folder of a file that was just written, best effort. Ages are
// counted by the file system's clock: this process's may be wrong, and another process's file must not go before it is
// renamed.
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

// writeTemp writes data to a new file beside path, where it shall last through to the disk, and returns its name.
func writeTemp(path string, data []byte, lasting bool) (name string, err error) {
	folder := filepath.Dir(path)
	if err := makeFolder(folder); err != nil {
		return "", err
	}
	if info, err := os.Lstat(path); err == nil && info.IsDir() { // no rename would replace it
		return "", irregular(path)
	}
	name = filepath.Join(folder, "."+filepath.Base(path)+"."+rand.Text()+".tmp")
	err = writeNew(name, data, lasting)
	if at := (*fs.PathError)(nil); errors.As(err, &at) {
		at.Path = path // the temporary name tells nobody anything, and is another one each time
	}
	return name, err
}

// writeNew writes a file that must not exist yet; after an error it does not exist.
func writeNew(name string, data []byte, lasting bool) (err error) {
	const flags = os.O_WRONLY | os.O_CREATE | os.O_EXCL | noFollow
	f, err := os.OpenFile(name, flags, 0o600) //nolint:gosec // the caller's own file
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, os.Remove(name))
		}
	}()
	if err := f.Chmod(0o600); err != nil { // the umask may have taken our own rights
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
