// Package flight lets one process at a time work on a profile. The others wait for its lease to end. Each profile has a
// small state file, which tells them how long that may take, what the token endpoint refused a moment ago, and until
// when no token is refreshed ahead.
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

// Slack is how much longer a process waits for a lease than its holder may keep it. It allows for steps without a
// deadline, such as writing to the disk.
const Slack = 5 * time.Second

// Flight is where the user's processes agree which of them works on a profile.
type Flight struct {
	Folders disk.Folders     // State has the locks for changes, which all machines see
	Report  report.To        // warnings and traces
	Now     func() time.Time // the clock of refusals and pauses
}

// Lease returns the lease of a profile's name. It is not acquired yet, and no folder is made for it.
func (f *Flight) Lease(name string, scope Scope) *Lease {
	return &Lease{flight: f, name: name, place: func() string { return f.place(name, scope) }}
}

// Unshared returns a lease that no other process waits for: without a token cache none would have anything of it.
func (f *Flight) Unshared(name string) *Lease {
	return &Lease{flight: f, name: name, place: func() string { return "" }}
}

// AcquireChange acquires the lease of name to change the profile: first the lock for changes, then the lease that a
// mint acquires too. It holds the lease for at most hold, and waits for both as [Lease.Acquire] does.
func (f *Flight) AcquireChange(ctx context.Context, name string, hold, wait time.Duration) (*Lease, error) {
	outer := &Lease{flight: f, name: name, place: func() string { return f.changePath(name) }}
	if err := outer.Acquire(ctx, hold+wait, wait, nil); err != nil {
		return nil, err
	}
	outer.Announce(hold + wait)
	l := f.Lease(name, OneHome)
	if err := l.Acquire(ctx, hold, wait, nil); err != nil {
		outer.Release()
		return nil, err
	}
	l.outer = outer
	l.Announce(hold)
	return l, nil
}

// TryChange acquires the lock for changes of name, for a process that mints and has to change the profile. It reports
// false if another process holds the lock. It does not wait, because that process may be waiting for this one.
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

const (
	lockEnd  = ".lock"
	stateEnd = ".json"
)

// changePath returns the path of the lock for changes, without its ending. No profile's name has a tilde.
func (f *Flight) changePath(name string) string {
	if f.Folders.State == "" {
		return ""
	}
	return filepath.Join(f.Folders.State, name+"~change")
}

// warnUnsafe warns of a lock that another user could hold, and of a file system that costs time because it does not
// answer. It does not warn of a file system without locks.
func (f *Flight) warnUnsafe(err error) {
	var unsafe *disk.UnsafeError
	switch {
	case errors.As(err, &unsafe):
		f.Report.Warn("working without a lock: %s", fault.OneLine(err))
	case errors.Is(err, disk.ErrSilent):
		f.Report.Warn("working without a lock: %v", err)
	}
}
