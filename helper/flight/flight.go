// Package flight lets one process at a time work on a profile. The others wait for its lease to end. One small state
// file a profile tells them how long that may take, what the token endpoint refused a moment ago, and until when no
// token is refreshed ahead of time.
package flight

import (
	"context"
	"errors"
	"path/filepath"
	"time"

	"cgp-cred/helper/report"
	"cgp-cred/keystore/disk"
)

// Slack is how much longer a process waits for a lease than its holder may keep it: for what knows no deadline, such as
// the disk.
const Slack = 5 * time.Second

// Flight is where one user's processes agree on who works on a profile.
type Flight struct {
	Runtime string // folder of the leases and their state; empty: each process works alone
	// folder of the locks for changes, which all processes share whatever their XDG_RUNTIME_DIR is
	State  string
	Report report.To        //
	Now    func() time.Time // the clock of refusals and pauses
}

// Lease returns the lease of a profile's name, which no process has taken by that.
func (f *Flight) Lease(name string) *Lease {
	l := &Lease{flight: f, name: name}
	if f.Runtime != "" {
		l.path = filepath.Join(f.Runtime, name)
	}
	return l
}

// AcquireChange takes the lease of name to change the profile: first the lock for changes, then the lease that mints
// take too. It holds the second for at most hold, and waits for each as [Lease.Acquire] does.
func (f *Flight) AcquireChange(ctx context.Context, name string, hold, wait time.Duration) (*Lease, error) {
	outer := &Lease{flight: f, name: name, path: f.changePath(name)}
	if err := outer.Acquire(ctx, hold+wait, wait); err != nil {
		return nil, err
	}
	outer.Announce(hold + wait)
	l := f.Lease(name)
	if err := l.Acquire(ctx, hold, wait); err != nil {
		outer.Release()
		return nil, err
	}
	l.outer = outer
	l.Announce(hold)
	return l, nil
}

// TryChange takes the lock for changes of name, for a process that mints and has to change the profile. It reports
// false if another process has it: to wait here could be to wait for a process that waits for this one.
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

// changePath is that of the lock for changes, without its ending. No profile's name has a tilde.
func (f *Flight) changePath(name string) string {
	if f.State == "" {
		return ""
	}
	return filepath.Join(f.State, name+"~change")
}

// warnUnsafe warns of a lock that others could hold, and not of a file system without locks.
func (f *Flight) warnUnsafe(err error) {
	var unsafe *disk.UnsafeError
	if errors.As(err, &unsafe) {
		f.Report.Warn("working without a lock: %v", err)
	}
}
