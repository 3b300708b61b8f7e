package disk

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/gofrs/flock"

	"cgp-cred/keystore/await"
	"cgp-cred/keystore/fault"
	"cgp-cred/keystore/printable"
)

// LockState is the outcome of an attempt to take a lock.
type LockState int

// The states of a lock.
const (
	Acquired LockState = iota + 1 // this process holds it until it calls release or ends
	Held                          // another process holds it
	Broken                        // there can be no lock here; the error says why
)

// maxPoll is the longest pause between two attempts to take a lock.
const maxPoll = 50 * time.Millisecond

// maxOpens is how often TryLock opens a lock file again because its name was removed: more often than a cleanup does.
const maxOpens = 64

// maxAnswer is how long the file system has to answer one request for a lock. A server without a lock service (NFS
// without lockd) never does.
const maxAnswer = 5 * time.Second

// ErrSilent is in the error of a lock that is [Broken] because the file system did not answer.
var ErrSilent = errors.New("the file system did not answer the request for a lock")

// silent has the folders whose file system did not answer: no lock there is asked for again.
var silent sync.Map

// TryLock takes the lock file at path at once or not at all. It makes a missing file (0600, folders 0700). Releasing
// the lock keeps the file: without it two processes could hold a lock of the same name. release is never nil and may be
// called more than once; err is set only for [Broken].
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
		if await.Sleep(ctx, pause) != nil {
			return release, Held, nil
		}
	}
}

// tryLock opens and locks the file, and checks that it still has its name; if it has not, tryLock closes it.
func tryLock(l *flock.Flock) (release func(), state LockState, err error) {
	for range maxOpens {
		ok, err := ask(l)
		switch {
		case errors.Is(err, fs.ErrNotExist): // another process has removed the folder
			if err := makeFolder(filepath.Dir(l.Path())); err != nil {
				return func() {}, Broken, err
			}
			continue
		case err != nil:
			return func() {}, Broken, lockError(l.Path(), err)
		case !ok:
			return func() {}, Held, nil
		}
		release := func() { _ = l.Unlock() } // a lock that can't be released ends with the process
		there, err := stillThere(l)
		if err != nil {
			release()
			return func() {}, Broken, err
		}
		if there {
			return release, Acquired, nil
		}
		release() // a cleanup has removed the file, so this lock has no name any more
	}
	return func() {}, Broken, noLock(l.Path(), "the lock file was replaced again and again")
}

// ask asks the file system for the lock, and gives up after maxAnswer. A lock that comes later is released.
func ask(l *flock.Flock) (bool, error) {
	folder := filepath.Dir(l.Path())
	if _, known := silent.Load(folder); known {
		return false, ErrSilent
	}
	late := time.NewTimer(maxAnswer)
	defer late.Stop()
	answer := await.Start(l.TryLock)
	select {
	case a := <-answer:
		return a.Value, a.Err
	case <-late.C:
	}
	silent.Store(folder, true)
	go func() {
		if a := <-answer; a.Value {
			_ = l.Unlock() // a lock that can't be released ends with the process
		}
	}()
	return false, ErrSilent
}

func openLock(path string) (*flock.Flock, error) {
	if err := makeFolder(filepath.Dir(path)); err != nil {
		return nil, err
	}
	info, err := os.Lstat(path)
	switch {
	case err == nil && !info.Mode().IsRegular():
		return nil, irregular(path) // opening a named pipe would block
	case errors.Is(err, fs.ErrNotExist):
		// The mode does not depend on the umask, which could take rights from the next process.
		if err := writeNew(path, nil, false); err != nil && !errors.Is(err, fs.ErrExist) {
			return nil, err
		}
	}
	return flock.New(path, flock.SetFlag(os.O_CREATE|os.O_RDWR|noFollow), flock.SetPermissions(0o600)), nil
}

// stillThere reports whether path still names the lock's open file.
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
	switch {
	case errors.Is(err, ErrSilent):
		return fault.Wrap(fault.Usage, lockHint(path), "lock "+path, err)
	case noLocks(err):
		return noLock(path, "this file system has no locks")
	}
	return err
}

func noLock(path, why string) error {
	return fault.New(fault.Usage, lockHint(path), "lock %s: %s", path, why)
}

func lockHint(path string) string {
	return "set XDG_RUNTIME_DIR or XDG_STATE_HOME to a folder on a local disk: " +
		printable.Space(filepath.Dir(path))
}
