package fleet

import (
	"context"
	"errors"
	"math/rand/v2"
	"sync"
	"time"

	"cgp-cred/helper/apim"
	"cgp-cred/helper/cache"
	"cgp-cred/keystore/await"
	"cgp-cred/keystore/fault"
)

// Turn is what came of waiting for the fleet: its token, or the right to mint one. A nil Turn is that of a credential
// that no other machine shares: it shares nothing.
type Turn struct {
	Entry cache.Entry
	Found bool // Entry is the fleet's token

	fleet *Fleet
	beat  *beat // of this process's lease; nil: it mints without one
}

// Wait waits for a token that fresh accepts, for the right to mint it, or for a refusal, whichever comes first. After
// limit, or if the store can't be used, the caller mints without a lease: then Wait spreads the machines over a part of
// spare, the time that the caller has. Its error is the refusal that another machine was given, or that of ctx.
func (f *Fleet) Wait(ctx context.Context, fresh func(cache.Entry) bool, limit, spare time.Duration) (*Turn, error) {
	until := time.Now().Add(limit)
	for next := time.Duration(0); ; {
		turn, refusal, err := f.try(ctx, fresh)
		switch {
		case ctx.Err() != nil:
			return nil, ctx.Err()
		case err != nil:
			return f.withoutStore(ctx, err, spare)
		case turn != nil:
			return turn, nil
		case refusal != nil && (refusal.Class == fault.Refused || time.Now().After(until)):
			f.report.Trace(1, "another machine was refused a moment ago: not asking again")
			return nil, refusal
		case time.Now().After(until):
			f.report.Trace(1, "the fleet has no token after %v: asking without it", limit)
			return f.Unleased(), nil
		}
		f.report.Trace(2, "another machine is fetching a token")
		next = f.after(next)
		if err := await.Sleep(ctx, jitter(next)); err != nil {
			return nil, err
		}
	}
}

// after returns the pause after one of last; 0: there was none.
func (f *Fleet) after(last time.Duration) time.Duration {
	first, most := firstPause, maxPause
	if paced, ok := f.store.(Paced); ok {
		first, most = paced.Pace()
	}
	return min(max(2*last, first), most)
}

// Try is [Fleet.Wait] without waiting. It returns nil if another machine has the lease, or was refused.
func (f *Fleet) Try(ctx context.Context, fresh func(cache.Entry) bool) *Turn {
	turn, _, err := f.try(ctx, fresh)
	if err != nil {
		f.report.Trace(1, "%s can't be used: %v", f.URL, err)
		return f.Unleased()
	}
	return turn
}

// withoutStore returns the right to mint without the fleet, after a warning.
func (f *Fleet) withoutStore(ctx context.Context, why error, spare time.Duration) (*Turn, error) {
	f.tell("%s can't be used, so this machine asks for a token of its own: %s", f.URL, fault.OneLine(why))
	if spread := min(spare, maxSpread); spread > 0 {
		if err := await.Sleep(ctx, rand.N(spread)); err != nil { //nolint:gosec // no secret
			return nil, err
		}
	}
	return f.Unleased(), nil
}

// try looks, and asks for the lease if there is no token. All results are nil while another machine is minting.
func (f *Fleet) try(ctx context.Context, fresh func(cache.Entry) bool) (*Turn, *apim.Error, error) {
	for {
		v, found, err := f.look(ctx)
		if err != nil {
			return nil, nil, err
		}
		if e, ok := v.entry(found.Age, f.now()); ok && fresh(e) {
			return &Turn{fleet: f, Entry: e, Found: true}, nil, nil
		}
		if refusal := v.refused(found.Age); refusal != nil {
			return nil, refusal, nil
		}
		ours, err := f.lease(ctx, f.hold)
		if err != nil || !ours {
			return nil, nil, err
		}
		// Between the look and the lease, another machine may have published and ended its lease.
		_, after, err := f.look(ctx)
		if err == nil && string(after.Value) == string(found.Value) {
			return &Turn{fleet: f, beat: f.startBeat(ctx)}, nil, nil
		}
		if _, endErr := f.lease(ctx, 0); err == nil {
			err = endErr
		}
		if err != nil {
			return nil, nil, err
		}
	}
}

// beat extends a lease until it is stopped.
type beat struct {
	stop context.CancelFunc
	done sync.WaitGroup
}

func (f *Fleet) startBeat(ctx context.Context) *beat {
	ctx, stop := context.WithCancel(context.WithoutCancel(ctx))
	b := &beat{stop: stop}
	b.done.Go(func() {
		for await.Sleep(ctx, f.hold/3) == nil {
			if _, err := f.lease(ctx, f.hold); err != nil && ctx.Err() == nil {
				f.report.Trace(1, "the lease of %s could not be extended: %v", f.URL, err)
				return
			}
		}
	})
	return b
}

func (b *beat) end() {
	if b != nil {
		b.stop()
		b.done.Wait()
	}
}

// Read waits for a token that fresh accepts, for a process that can't mint. After limit its error is [ErrNoToken];
// if the store can't be used, its error says why.
func (f *Fleet) Read(ctx context.Context, fresh func(cache.Entry) bool, limit time.Duration) (*Turn, error) {
	until := time.Now().Add(limit)
	for next := time.Duration(0); ; {
		e, ok, err := f.Token(ctx)
		switch {
		case ctx.Err() != nil:
			return nil, ctx.Err()
		case err != nil:
			return nil, fault.Wrap(fault.ClassOf(err), fault.HintOf(err, ""), f.URL+" can't be read", err)
		case ok && fresh(e):
			return &Turn{fleet: f, Entry: e, Found: true}, nil
		case time.Now().After(until):
			return nil, ErrNoToken
		}
		f.report.Trace(2, "the fleet has no token yet")
		next = f.after(next)
		if err := await.Sleep(ctx, jitter(next)); err != nil {
			return nil, err
		}
	}
}

// Unleased returns the right to mint at once, without a lease.
func (f *Fleet) Unleased() *Turn { return &Turn{fleet: f} }

// Token returns the fleet's token, if it has one.
func (t *Turn) Token() (cache.Entry, bool) {
	if t == nil || !t.Found {
		return cache.Entry{}, false
	}
	return t.Entry, true
}

// Publish shares a token with all machines.
func (t *Turn) Publish(ctx context.Context, e cache.Entry) {
	if t == nil {
		return
	}
	t.end(ctx, func(ctx context.Context) error { return t.fleet.publish(ctx, shared(e, t.fleet.now())) })
}

// Fail shares the error of a token request, if each machine would get the same answer. A token that others still use
// stays. After any other error another machine may have more luck.
func (t *Turn) Fail(ctx context.Context, err error) {
	if t == nil {
		return
	}
	var refusal *apim.Error
	if !errors.As(err, &refusal) || refusal.OneMore || refusal.Class != fault.Refused && !refusal.Throttled() {
		t.release(ctx)
		return
	}
	t.end(ctx, func(ctx context.Context) error {
		v, found, err := t.fleet.look(ctx)
		if err != nil {
			return err
		}
		v.Version, v.Refusal, v.Age = valueVersion, refusal, v.Age+found.Age
		return t.fleet.publish(ctx, v)
	})
}

// release ends the lease without a result.
func (t *Turn) release(ctx context.Context) {
	if t.beat == nil {
		return
	}
	t.end(ctx, func(ctx context.Context) error {
		_, err := t.fleet.lease(ctx, 0)
		return err
	})
}

func (t *Turn) end(ctx context.Context, last func(ctx context.Context) error) {
	t.beat.end()
	t.beat = nil
	f := t.fleet
	if f.broken != nil { // which was said before
		return
	}
	if err := last(context.WithoutCancel(ctx)); err != nil {
		f.tell("%s can't be used, so other machines ask for a token of their own: %s", f.URL, fault.OneLine(err))
	}
}
