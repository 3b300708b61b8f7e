// Package flight lets one process at a time work on a profile. The others wait for its lease to end. One small state file
// a profile tells them how long that may take, what the token endpoint refused a moment ago, and until when no token is
// refreshed ahead of time.
package flight

import (
	"context"
	"errors"
	"path/filepath"
	"time"

	"cgp-cred/helper/report"
	"cgp-cred/keystore/disk"
	"cgp-cred/keystore/fault"
)

// Slack is how much longer a process waits for a lease than its holder may keep it: for what knows no deadline, such as
// the disk.
const Slack = 5 * time.Second

// Flight is where one user's processes agree on who works on a profile.
type Flight struct {
	Runtime string           // folder of the leases and their state; empty: each process works alone
	State   string           // folder of the locks for changes, which all processes share whatever their XDG_RUNTIME_DIR is
	Report  report.To        //
	Now     func() time.Time // the clock of refusals and pauses
}

// Acquire takes the lease of name for at most hold. If another process holds it, Acquire waits for as long as that process
// announced, or for wait. On a file system without locks it continues without one; a folder that others can write is worth
// a warning. An error is [fault.Temporary], and wraps that of ctx if ctx ended.
func (f *Flight) Acquire(ctx context.Context, name string, hold, wait time.Duration) (*Lease, error) {
	return f.acquire(ctx, f.lease(name), hold, wait)
}

// TryAcquire takes the lease of name for as long as ctx lasts, if no other process holds it and there can be one.
func (f *Flight) TryAcquire(ctx context.Context, name string) (*Lease, bool) {
	l := f.lease(name)
	if l.path == "" {
		return nil, false
	}
	release, state, err := disk.TryLock(l.path + lockEnd)
	if err != nil || state != disk.Acquired {
		return nil, false
	}
	l.locked(release)
	l.ctx, l.cancel = context.WithCancel(ctx)
	return l, true
}

// AcquireChange takes the lease of name to change the profile: first the lock for changes, then the lease that mints take
// too. It holds the second for at most hold, and waits for each as [Flight.Acquire] does.
func (f *Flight) AcquireChange(ctx context.Context, name string, hold, wait time.Duration) (*Lease, error) {
	outer := &Lease{flight: f, name: name, path: f.changePath(name)}
	if _, err := f.acquire(ctx, outer, hold+wait, wait); err != nil {
		return nil, err
	}
	outer.Announce(hold + wait)
	l, err := f.Acquire(ctx, name, hold, wait)
	if err != nil {
		outer.Release()
		return nil, err
	}
	l.outer = outer
	l.Announce(hold)
	return l, nil
}

// TryChange takes the lock for changes of name, for a process that mints and has to change the profile. It reports false if
// another process has it: to wait here could be to wait for a process that waits for this one.
func (f *Flight) TryChange(name string) (release func(), ok bool) {
	path := f.changePath(name)
	if path == "" {
		return func() {}, true
	}
	release, state, err := disk.TryLock(path + lockEnd)
	if state == disk.Broken {
		f.warnUnsafe(err)
	}
	return release, state != disk.Held
}

// Files returns the files that leases of name leave behind. None holds a secret.
func (f *Flight) Files(name string) []string {
	var files []string
	for _, path := range []string{f.lease(name).path, f.changePath(name)} {
		if path != "" {
			files = append(files, path+lockEnd, path+stateEnd)
		}
	}
	return files
}

const (
	lockEnd  = ".lock"
	stateEnd = ".json"
)

// lease returns a lease of name that is not taken yet.
func (f *Flight) lease(name string) *Lease {
	l := &Lease{flight: f, name: name}
	if f.Runtime != "" {
		l.path = filepath.Join(f.Runtime, name)
	}
	return l
}

// changePath is that of the lock for changes, without its ending. No profile's name has a tilde.
func (f *Flight) changePath(name string) string {
	if f.State == "" {
		return ""
	}
	return filepath.Join(f.State, name+"~change")
}

func (f *Flight) acquire(ctx context.Context, l *Lease, hold, wait time.Duration) (*Lease, error) {
	if l.path != "" { // otherwise this is a process without a home, in a container
		release, state, err := f.await(ctx, l, wait)
		switch state {
		case disk.Held:
			return nil, err
		case disk.Broken:
			f.warnUnsafe(err)
			l.state = readState(l.path + stateEnd)
		case disk.Acquired:
			l.locked(release)
		}
	}
	l.begin(ctx, hold)
	return l, nil
}

// await waits for the lock of l: for wait, or as long as its holder announced. The error is for a lock that is [disk.Held],
// or says why it is broken.
func (f *Flight) await(ctx context.Context, l *Lease, wait time.Duration) (release func(), state disk.LockState, err error) {
	file := l.path + lockEnd
	if release, state, err = disk.TryLock(file); state != disk.Held {
		return release, state, err
	}
	f.Report.Trace(1, "another process is working on profile %q: waiting for it", l.name)
	start := time.Now()
	for {
		waiting, stop := context.WithDeadline(ctx, start.Add(wait))
		release, state, err = disk.Lock(waiting, file)
		stop()
		if state != disk.Held {
			return release, state, err
		}
		if ctx.Err() != nil {
			return release, state, errors.Join(heldError(l.name, time.Since(start)), ctx.Err())
		}
		longer := readState(l.path+stateEnd).Hold + Slack // perhaps an earlier holder's
		if longer <= wait {
			return release, state, heldError(l.name, wait)
		}
		wait = longer
	}
}

// heldError is a lease that another process held for too long.
func heldError(name string, waited time.Duration) error {
	return fault.New(fault.Temporary,
		"check for a keychain prompt or a key that waits for a touch; or end the other process; then run the command again",
		"another cgp-cred has been working on profile %q for %v", name, waited.Round(time.Second))
}

// warnUnsafe warns of a lock that others could hold, and not of a file system without locks.
func (f *Flight) warnUnsafe(err error) {
	var unsafe *disk.UnsafeError
	if errors.As(err, &unsafe) {
		f.Report.Warn("working without a lock: %v", err)
	}
}
