package flight

import (
	"cmp"
	"context"
	"os"
	"time"

	"cgp-cred/helper/apim"
	"cgp-cred/keystore/disk"
	"cgp-cred/keystore/fault"
)

// Lease is the right to work on a profile. Its context ends after the time that was announced to the other processes,
// so that none of them gives up on a holder that may still continue.
type Lease struct {
	flight *Flight
	name   string // of the profile, for messages
	place  func() string
	path   string // what place has returned: the path of the lease's files; empty: there is no folder for them
	outer  *Lease // nil, or one that ends after this one

	caller context.Context
	ctx    context.Context
	cancel context.CancelFunc // of ctx
	begun  time.Time
	hold   time.Duration // how long it may last from then

	unlock func() // nil: there is no lock
	state  state
	dirty  bool // the state file has a part that ends with the lease

	removed bool // Release removes the lock file, too
}

// Acquire acquires the lease for at most hold. If another process holds it, Acquire waits for as long as that process
// announced, or for wait. On a file system without locks it continues without one. It warns if other users can write to
// the folder. Its error is [fault.Temporary], and wraps the error of ctx if ctx ended.
//
// throttled is called now and then while the holder waits for the token endpoint's quota, and ends the wait with its
// error; nil: not called.
func (l *Lease) Acquire(ctx context.Context, hold, wait time.Duration, throttled func(Refusal) error) error {
	if l.path = l.place(); l.path != "" { // empty for a process without any folder, in a container
		release, state, err := l.await(ctx, wait, throttled)
		switch state {
		case disk.Held:
			return err
		case disk.Broken:
			l.flight.warnUnsafe(err)
		case disk.Acquired:
			l.unlock = release
		}
	}
	l.begin(ctx, hold)
	return nil
}

// TryAcquire acquires the lease for at most hold, if no other process holds it and there is a folder for it.
func (l *Lease) TryAcquire(ctx context.Context, hold time.Duration) bool {
	if l.path = l.place(); l.path == "" {
		return false
	}
	release, state, err := disk.TryLock(l.path + lockEnd)
	if err != nil || state != disk.Acquired {
		return false
	}
	l.unlock = release
	l.begin(ctx, hold)
	return true
}

// lookPause is the time between two looks into the state file while another process holds the lease.
const lookPause = 2 * time.Second

// await waits for the lock: for wait, or for as long as its holder announced. Its error says that the lock is still
// [disk.Held], or why it is broken.
func (l *Lease) await(
	ctx context.Context, wait time.Duration, throttled func(Refusal) error,
) (release func(), state disk.LockState, err error) {
	file := l.path + lockEnd
	if release, state, err = disk.TryLock(file); state != disk.Held {
		return release, state, err
	}
	l.flight.Report.Trace(1, "another process is working on profile %q: waiting for it", l.name)
	start := time.Now()
	for look := start; ; {
		look = look.Add(lookPause)
		if end := start.Add(wait); throttled == nil || look.After(end) {
			look = end
		}
		waiting, stop := context.WithDeadline(ctx, look)
		release, state, err = disk.Lock(waiting, file)
		stop()
		if state != disk.Held {
			return release, state, err
		}
		if ctx.Err() != nil {
			held := l.heldError(time.Since(start))
			held.Err = ctx.Err() // for the caller: its text would be a second line
			return release, state, held
		}
		seen := readState(l.path + stateEnd) // perhaps an earlier holder's
		if r := seen.throttled(l.flight.Now()); r != nil && throttled != nil {
			if err := throttled(*r); err != nil {
				return release, state, err
			}
		}
		if look.Before(start.Add(wait)) {
			continue
		}
		longer := seen.Hold + Slack
		if longer <= wait {
			return release, state, l.heldError(wait)
		}
		wait = longer
	}
}

// heldError is a lease that another process held for too long.
func (l *Lease) heldError(waited time.Duration) *fault.Error {
	return fault.New(fault.Temporary,
		"check for a keychain prompt or a key that waits for a touch; or end the other process; "+
			"then run the command again",
		"another cgp-cred has been working on profile %q for %v", l.name, waited.Round(time.Second))
}

// begin starts a lease that lasts at most hold.
func (l *Lease) begin(ctx context.Context, hold time.Duration) {
	if l.path != "" {
		l.state = readState(l.path + stateEnd)
		l.dirty = l.unlock != nil && l.state.Hold != 0 // from a process that was killed
	}
	l.caller, l.begun, l.hold = ctx, time.Now(), hold
	l.ctx, l.cancel = context.WithDeadline(ctx, l.begun.Add(hold))
}

// Context ends with the lease.
func (l *Lease) Context() context.Context { return l.ctx }

// Announce tells the processes that wait how long the lease may last from its beginning. If nothing is announced, they
// wait for as long as they would hold the lease themselves.
func (l *Lease) Announce(hold time.Duration) {
	if l.unlock == nil {
		return
	}
	l.state.Hold = hold
	l.dirty = true
	l.save()
}

// Extend announces that the lease lasts hold from its beginning, and moves its deadline.
func (l *Lease) Extend(hold time.Duration) {
	l.Announce(hold)
	l.hold = hold
	l.cancel()
	l.ctx, l.cancel = context.WithDeadline(l.caller, l.begun.Add(hold))
}

// ExtendBy extends the lease by more.
func (l *Lease) ExtendBy(more time.Duration) { l.Extend(l.hold + more) }

// ContextFor returns a context that ends more after the lease, for work that extends the lease before its time is over.
func (l *Lease) ContextFor(more time.Duration) (context.Context, context.CancelFunc) {
	return context.WithDeadline(l.caller, l.begun.Add(l.hold+more))
}

// Refused returns what the token endpoint refused since start, when the caller began to wait, or a moment before. It
// returns nil if there was no refusal, if it is out of date, or if it was for another state of the profile than binding
// names.
func (l *Lease) Refused(binding string, start time.Time) *Refusal {
	return l.state.refused(binding, start, l.flight.Now())
}

// Remember shares a refusal with the processes that wait, if each of them would get the same. If it can't be written,
// each of them asks the token endpoint itself. wait is when this process asks again; 0: it does not.
func (l *Lease) Remember(binding string, e *apim.Error, wait time.Duration) {
	if shareable(e) {
		now := l.flight.Now()
		r := &Refusal{Binding: binding, At: now, Error: e}
		if e.Throttled() {
			r.Until = now.Add(cmp.Or(wait, e.RetryAfter, quotaRest))
		}
		l.state.Refusal = r
		l.save()
	}
}

// Paused reports whether refreshing ahead is forbidden now.
func (l *Lease) Paused() bool { return l.state.paused(l.flight.Now()) }

// Pause forbids refreshing ahead for a time. It reports whether that was written: if not, every get would try.
func (l *Lease) Pause(pause time.Duration) bool {
	l.state.PauseUntil = l.flight.Now().Add(pause)
	return l.save()
}

// Succeeded removes the refusal and the pause, because there is a new token.
func (l *Lease) Succeeded() {
	if l.state.Refusal != nil || !l.state.PauseUntil.IsZero() {
		l.state.Refusal, l.state.PauseUntil = nil, time.Time{}
		l.save()
	}
}

// Release lets the next process in.
func (l *Lease) Release() {
	l.cancel()
	if l.dirty {
		l.state.Hold = 0
		l.save()
	}
	unlock := l.unlock
	if unlock == nil {
		unlock = func() {}
	}
	if l.removed {
		disk.RemoveLock(l.path+lockEnd, unlock)
	} else {
		unlock()
	}
	if l.outer != nil {
		l.outer.Release()
	}
}

// Remove removes the lease's files, and those of the lock for changes: the profile is gone. None of them holds a
// secret. The lock files are removed when the lease is released.
func (l *Lease) Remove() {
	l.state, l.dirty = state{}, false
	if l.path != "" {
		_ = os.Remove(l.path + stateEnd)
		l.removed = true
	}
	if l.outer != nil {
		l.outer.Remove()
	}
}

func (l *Lease) save() bool { return l.path != "" && l.state.write(l.path+stateEnd) == nil }
