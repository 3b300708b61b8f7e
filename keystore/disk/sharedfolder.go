package disk

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"cgp-cred/keystore/fault"
	"cgp-cred/keystore/printable"
)

// SharedFolder is a folder that several machines share. Members of its group may be able to write it, so nothing in
// it is trusted, and nothing in it is secret: its files hold encrypted values.
type SharedFolder struct {
	path string
	mode fs.FileMode // of its files
}

// maxStale is how often a file is opened that other machines replace meanwhile.
const maxStale = 10

// OpenSharedFolder returns a folder that exists. It is an [UnsafeError] if every user can write it.
func OpenSharedFolder(path string) (*SharedFolder, error) {
	if !filepath.IsAbs(path) {
		return nil, relative(path)
	}
	info, err := os.Stat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		hint := "make it: " + printable.MakeFolder(path, "700") + forGroup
		return nil, fault.Wrap(fault.Usage, hint, fmt.Sprintf("the folder %q", path), fs.ErrNotExist)
	case err != nil:
		return nil, Unreadable(err)
	case !info.IsDir():
		return nil, notFolder(path, given)
	}
	if err := checkShared(path, info); err != nil {
		return nil, err
	}
	s := &SharedFolder{path: path, mode: 0o600}
	if info.Mode()&0o020 != 0 {
		s.mode = 0o640
	}
	return s, nil
}

// Path returns the folder's path.
func (s *SharedFolder) Path() string { return s.path }

// Read returns a file of at most limit bytes, and when it was written by the file server's clock. It opens only a
// regular file and follows no link. A missing file matches fs.ErrNotExist.
func (s *SharedFolder) Read(name string, limit int64) (data []byte, written time.Time, err error) {
	path := filepath.Join(s.path, name)
	for range maxStale {
		// NFS may forget an open file that another machine replaces. The new one can be opened then.
		if data, written, err = readOnce(path, limit); !errors.Is(err, syscall.ESTALE) {
			break
		}
	}
	return data, written, Unreadable(err)
}

func readOnce(path string, limit int64) (data []byte, written time.Time, err error) {
	f, err := openNoFollow(path)
	if err != nil {
		return nil, written, err
	}
	defer f.Close() //nolint:errcheck // nothing was written
	info, err := f.Stat()
	if err != nil {
		return nil, written, err
	}
	if !info.Mode().IsRegular() {
		return nil, written, irregular(path)
	}
	if data, err = io.ReadAll(io.LimitReader(f, limit)); err != nil {
		return nil, written, err
	}
	return data, info.ModTime(), nil
}

// Replace writes a file, whole or not at all.
func (s *SharedFolder) Replace(name string, data []byte) error {
	temp, err := s.temp(name, data)
	if err != nil {
		return err
	}
	path := filepath.Join(s.path, name)
	if err := rename(temp, path); err != nil {
		return Unwritable(errors.Join(err, remove(temp)))
	}
	sweep(path)
	return nil
}

// Create makes a file, whole or not at all, and reports false if there is a file of this name already. Of all the
// machines that try at once, one makes it: the file is a link to another one, which also NFS makes only once.
func (s *SharedFolder) Create(name string, data []byte) (made bool, err error) {
	temp, err := s.temp(name, data)
	if err != nil {
		return false, err
	}
	defer remove(temp) //nolint:errcheck // a later sweep removes it
	path := filepath.Join(s.path, name)
	err = os.Link(temp, path)
	if err == nil {
		return true, nil
	}
	// NFS sends a request again if the answer is lost, and the second one finds the file that the first has made.
	if got, _, readErr := s.Read(name, int64(len(data))+1); readErr == nil && bytes.Equal(got, data) {
		return true, nil
	}
	if errors.Is(err, fs.ErrExist) {
		return false, nil
	}
	return false, Unwritable(err)
}

// Clock returns the file server's time.
func (s *SharedFolder) Clock() (time.Time, error) {
	temp, err := s.temp("clock", nil)
	if err != nil {
		return time.Time{}, err
	}
	defer remove(temp) //nolint:errcheck // a later sweep removes it
	info, err := os.Lstat(temp)
	if err != nil {
		return time.Time{}, Unreadable(err)
	}
	return info.ModTime(), nil
}

// Remove removes a file. A missing one is no error.
func (s *SharedFolder) Remove(name string) error {
	err := remove(filepath.Join(s.path, name))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return Unwritable(err)
}

// Names returns the names of the files that begin with prefix.
func (s *SharedFolder) Names(prefix string) ([]string, error) {
	entries, err := os.ReadDir(s.path)
	if err != nil {
		return nil, Unreadable(err)
	}
	var names []string
	for _, e := range entries {
		if strings.HasPrefix(e.Name(), prefix) {
			names = append(names, e.Name())
		}
	}
	return names, nil
}

// temp writes a file next to name that no other process uses.
func (s *SharedFolder) temp(name string, data []byte) (string, error) {
	path := filepath.Join(s.path, name)
	temp := tempName(path)
	return temp, Unwritable(named(writeNewFor(access{mode: s.mode, group: -1}, temp, data, false), path))
}
