package disk

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/gofrs/flock"

	"cgp-cred/keystore/fault"
	"cgp-cred/keystore/printable"
)

// LockState is what came of trying to take a lock.
type LockState int

// The states of a lock.
const (
	Acquired LockState = iota + 1 // it is ours until release is called or this process ends, however it ends
	Held                          // somebody else has it
	Broken                        // there can be no lock here: no support, no place to write; the error says why
)

// maxPoll is the longest pause between two looks at a lock that somebody holds.
const maxPoll = 50 * time.Millisecond

// maxOpens is how often a lock file is opened anew because its name was taken away: more than cleaning up can do.
const maxOpens = 64

// TryLock takes the lock file at path at once or not at all. The file is made where it is missing (0600, folders
// 0700) and stays when the lock is released: removing it would let two processes hold a lock of the same name.
// release is never nil and may be called more than once; err is nil but for [Broken].
func TryLock(path string) (release func(), state LockState, err error) {
	l, err := openLock(path)
	if err != nil {
		return func() {}, Broken, Unwritable(err)
	}
	release, state, err = tryLock(l)
	return release, state, Unwritable(err)
}

// Lock is [TryLock], repeated until ctx ends; then the state is [Held].
func Lock(ctx context.Context, path string) (release func(), state LockState, err error) {
	l, err := openLock(path)
	if err != nil {
		return func() {}, Broken, Unwritable(err)
	}
	for pause := time.Millisecond; ; pause = min(2*pause, maxPoll) {
		release, state, err = tryLock(l)
		if state != Held {
			return release, state, Unwritable(err)
		}
		timer := time.NewTimer(pause)
		select {
		case <-ctx.Done():
			timer.Stop()
			return release, Held, nil
		case <-timer.C:
		}
	}
}

// tryLock opens the file, makes sure that it is still the one of this name once it is locked, and else closes it.
func tryLock(l *flock.Flock) (release func(), state LockState, err error) {
	for range maxOpens {
		ok, err := l.TryLock()
		switch {
		case errors.Is(err, fs.ErrNotExist): // somebody has removed the folder
			if err := makeFolder(filepath.Dir(l.Path())); err != nil {
				return func() {}, Broken, err
			}
			continue
		case err != nil:
			return func() {}, Broken, lockError(l.Path(), err)
		case !ok:
			return func() {}, Held, nil
		}
		release := func() { _ = l.Unlock() } // what can't be released ends with the process
		there, err := stillThere(l)
		if err != nil {
			release()
			return func() {}, Broken, err
		}
		if there {
			return release, Acquired, nil
		}
		release() // somebody has cleaned up the folder in the meantime: our lock has no name any more
	}
	return func() {}, Broken, noLock(l.Path(), "it is another file each time")
}

func openLock(path string) (*flock.Flock, error) {
	if err := makeFolder(filepath.Dir(path)); err != nil {
		return nil, err
	}
	info, err := os.Lstat(path)
	switch {
	case err == nil && !info.Mode().IsRegular():
		return nil, irregular(path) // a named pipe would hold up the open
	case errors.Is(err, fs.ErrNotExist):
		// Whatever the umask: it could take the rights of whoever comes next.
		if err := writeNew(path, nil, false); err != nil && !errors.Is(err, fs.ErrExist) {
			return nil, err
		}
	}
	return flock.New(path, flock.SetFlag(os.O_CREATE|os.O_RDWR|noFollow), flock.SetPermissions(0o600)), nil
}

// stillThere reports whether the lock's open file is the one that path names.
func stillThere(l *flock.Flock) (bool, error) {
	held, err := l.Stat()
	if err != nil {
		return false, err
	}
	named, err := os.Lstat(l.Path())
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	return os.SameFile(held, named), nil
}

func lockError(path string, err error) error {
	if noLocks(err) {
		return noLock(path, "this file system has no locks")
	}
	return err
}

func noLock(path, why string) error {
	const hint = "set XDG_RUNTIME_DIR or XDG_STATE_HOME to a folder on a local disk: "
	return fault.New(fault.Usage, hint+printable.Shell("df", filepath.Dir(path)), "lock %s: %s", path, why)
}
