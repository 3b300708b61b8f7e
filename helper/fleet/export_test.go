package fleet

import (
	"time"

	"cgp-cred/keystore/disk"
)

// SetLeaseTime replaces the lease's time, so that a test need not wait for it.
func (f *Fleet) SetLeaseTime(d time.Duration) { f.hold = d }

// Name returns the name in the store.
func (f *Fleet) Name() string { return f.name }

// NewFolder returns a store with a clock of its own.
func NewFolder(shared *disk.SharedFolder, now func() time.Time) Store {
	f := newFolder(shared)
	f.now = now
	return f
}

// Open opens the fleet's store, for a process of its own.
func (f *Fleet) Open() (Store, error) { return f.open() }

// SetExecutable replaces this program's own file, and returns what undoes that.
func SetExecutable(path string) (undo func()) {
	before := executable
	executable = func() (string, error) { return path, nil }
	return func() { executable = before }
}
