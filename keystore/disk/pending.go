package disk

import (
	"errors"
	"os"
	"path/filepath"
)

// Pending is a file that is whole and on the disk, under a temporary name beside the one that it will take: what a full
// disk, a quota or a read-only one forbids has been forbidden by then.
type Pending struct{ temp, path string }

// NewPending writes data to a draft of the file at path. Missing folders are made (0700).
func NewPending(path string, data []byte) (*Pending, error) {
	temp, err := writeTemp(path, data, true)
	if err != nil {
		return nil, Unwritable(err)
	}
	return &Pending{temp: temp, path: path}, nil
}

// Commit puts the draft in its place. After an error the old file is as it was and the draft is gone; only an error of
// the last fsync leaves the new file, which may not outlive a crash.
func (d *Pending) Commit() error {
	if err := os.Rename(d.temp, d.path); err != nil {
		return Unwritable(errors.Join(err, os.Remove(d.temp)))
	}
	sweep(d.path)
	return Unwritable(syncFolder(filepath.Dir(d.path)))
}

// Discard removes a draft that was not committed; else it does nothing.
func (d *Pending) Discard() { _ = os.Remove(d.temp) }
