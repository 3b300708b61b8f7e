package flight

import (
	"context"
	"time"

	"cgp-cred/helper/apim"
)

// Lease is the right to work on a profile. Its context ends when it has lasted as long as the other processes were told
// that it may, so that none of them gives up on a holder that still has a right to continue.
type Lease struct {
	flight *Flight
	name   string // of the profile, for messages
	path   string // of its files, without their endings; empty: there is no folder for them
	outer  *Lease // nil, or one that ends after this one

	caller context.Context
	ctx    context.Context
	cancel context.CancelFunc // of ctx
	begun  time.Time

	unlock func() // nil: there is no lock
	state  state
	dirty  bool // the state file says what ends with the lease
}

// locked notes that the lease is this process's.
func (l *Lease) locked(unlock func()) {
	l.unlock = unlock
	l.state = readState(l.path + stateEnd)
	l.dirty = l.state.Hold != 0 // from a process that was killed
}

// begin starts a lease that lasts at most hold.
func (l *Lease) begin(ctx context.Context, hold time.Duration) {
	l.caller, l.begun = ctx, time.Now()
	l.ctx, l.cancel = context.WithDeadline(ctx, l.begun.Add(hold))
}

// Context ends with the lease.
func (l *Lease) Context() context.Context { return l.ctx }

// Announce tells the processes that wait how long the lease may last from its beginning. Without it they wait as long as
// they would take themselves.
func (l *Lease) Announce(hold time.Duration) {
	if l.unlock == nil {
		return
	}
	l.state.Hold = hold
	l.dirty = true
	l.save()
}

// Extend announces that the lease lasts hold from its beginning, and lets it.
func (l *Lease) Extend(hold time.Duration) {
	l.Announce(hold)
	l.cancel()
	l.ctx, l.cancel = context.WithDeadline(l.caller, l.begun.Add(hold))
}

// Refused returns what the token endpoint refused since start, when the caller began to wait, or a moment before; nil if
// it refused nothing. It must have been for the profile in the state that binding names, and must tell more than patience
// to wait, if it tells to wait.
func (l *Lease) Refused(binding string, start time.Time, patience time.Duration) *apim.Error {
	return l.state.refused(binding, start, l.flight.Now(), patience)
}

// Remember shares a refusal with the processes that wait, if each of them would get the same. It is kept as well as can be:
// without it each of them asks for itself.
func (l *Lease) Remember(binding string, e *apim.Error) {
	if shareable(e) {
		l.state.Refusal = &refusal{Binding: binding, At: l.flight.Now(), Error: e}
		l.save()
	}
}

// Paused reports whether no token is to be refreshed ahead of time now.
func (l *Lease) Paused() bool { return l.state.paused(l.flight.Now()) }

// Pause forbids refreshing ahead for a time. It reports whether that could be written: if not, each get would try.
func (l *Lease) Pause(pause time.Duration) bool {
	l.state.PauseUntil = l.flight.Now().Add(pause)
	return l.save()
}

// Succeeded forgets the refusal and the pause: there is a new token.
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
	if l.unlock != nil {
		l.unlock()
	}
	if l.outer != nil {
		l.outer.Release()
	}
}

func (l *Lease) save() bool { return l.path != "" && l.state.write(l.path+stateEnd) == nil }
