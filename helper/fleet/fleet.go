// Package fleet shares one access token between the machines that have the same credential, so that a thousand nodes
// send one token request. A machine asks it only if it has no token of its own. What is shared is sealed with a key
// that follows from the credential: a store sees no token, and a value that a stranger wrote is no value.
package fleet

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base32"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"time"

	"cgp-cred/helper/cache"
	"cgp-cred/helper/report"
	"cgp-cred/keystore/await"
	"cgp-cred/keystore/fault"
	"cgp-cred/keystore/record"
	"cgp-cred/keystore/sealing"
)

// LeaseTime is how long the machines wait for a lease whose holder gives no sign of life.
const LeaseTime = 30 * time.Second

const (
	answerTime  = 5 * time.Second  // how long a store has for one answer; a file system may never answer
	programTime = 15 * time.Second // the same for a program, which on a busy machine takes seconds to start
	firstPause  = 50 * time.Millisecond
	maxPause    = time.Second
	maxSpread   = 10 * time.Second // over which machines without a store ask for their own tokens
)

// ErrNoToken is the error of a process that can't mint, while the fleet has no token.
var ErrNoToken = errors.New("the fleet has no token now, and this machine has no key to get one")

// Fleet is one process's part in a fleet that shares one credential.
type Fleet struct {
	URL string // of the store, for messages

	open   func() (Store, error)
	runs   bool  // a program serves the store
	store  Store // nil: not opened yet
	sealer *sealing.Sealer
	name   string
	report report.To
	now    func() time.Time
	hold   time.Duration // of a lease

	calls  sync.Mutex // one call of the store at a time
	broken error      // why the store is no longer used; nil: it is
	told   map[string]bool
}

// Options say whose token is shared, and where.
type Options struct {
	URL    string
	Record *record.Record
	Where  string // the token URL: tokens of another one are others
	Report report.To
	Now    func() time.Time

	// Given says that the user gave the URL on this machine. Only then the user's program that it names is run,
	// and the store gets the password of a file that this machine's environment names.
	Given bool
}

// New returns the fleet of a credential. It contacts nothing.
func New(o Options) (*Fleet, error) {
	key, err := o.Record.FleetSecret()
	if err != nil {
		return nil, err
	}
	sealer, err := sealing.New(key.Reveal())
	if err != nil {
		return nil, err
	}
	name := hmac.New(sha256.New, key.Reveal())
	fmt.Fprintf(name, "cgp-cred fleet name 1\x00%q %q %q", o.Record.Host, o.Where, o.Record.Audience)
	return &Fleet{
		URL: Shown(o.URL), sealer: sealer, report: o.Report, now: o.Now, hold: LeaseTime,
		runs: Runs(o.URL), open: func() (Store, error) { return Open(o.URL, o.Given) },
		name: strings.ToLower(base32.StdEncoding.EncodeToString(name.Sum(nil)[:20])), told: map[string]bool{},
	}, nil
}

// call calls the store of f, and returns its answer. After an error, or if there is no answer in time, the store is no
// longer used. A call that has not ended by then still runs, so it may write nothing that others read.
func call[T any](ctx context.Context, f *Fleet, do func(ctx context.Context, s Store) (T, error)) (T, error) {
	f.calls.Lock()
	defer f.calls.Unlock()
	var none T
	if f.broken != nil {
		return none, f.broken
	}
	limit := answerTime
	if f.runs {
		limit = programTime
	}
	ctx, stop := context.WithTimeout(ctx, limit)
	defer stop()
	store := f.store
	got, err := await.Call(ctx, func() (answer answered[T], err error) {
		answer.store = store
		if store == nil {
			if answer.store, err = f.open(); err != nil {
				return answer, err
			}
		}
		answer.value, err = do(ctx, answer.store)
		return answer, err
	})
	if err != nil && ctx.Err() != nil {
		err = fault.New(fault.Usage, "check the file system or the server of "+f.URL, "it did not answer in %v", limit)
	}
	f.store, f.broken = got.store, err
	return got.value, err
}

// answered is what a call of the store came back with.
type answered[T any] struct {
	store Store
	value T
}

// aad binds a sealed value to its name.
func (f *Fleet) aad() []byte { return []byte("cgp-cred fleet 1\x00" + f.name) }

// look returns what the machines share, and when it was published. Nothing is the zero value.
func (f *Fleet) look(ctx context.Context) (v value, found Found, err error) {
	found, err = call(ctx, f, func(ctx context.Context, s Store) (Found, error) { return s.Look(ctx, f.name) })
	if err != nil || found.Value == nil {
		return value{}, found, err
	}
	plain, err := f.sealer.Open(f.aad(), found.Value)
	if err == nil {
		v, err = decode(plain)
	}
	if err != nil {
		f.tell("%s holds a value that no machine with this credential wrote, which is ignored: %v", f.URL, err)
		return value{}, found, nil
	}
	return v, found, nil
}

func (f *Fleet) publish(ctx context.Context, v value) error {
	plain, err := v.encode()
	if err != nil {
		return err
	}
	life := max(v.Life-v.Age, refusalLife)
	_, err = call(ctx, f, func(ctx context.Context, s Store) (struct{}, error) {
		return struct{}{}, s.Publish(ctx, f.name, f.sealer.Seal(f.aad(), plain), life)
	})
	return err
}

func (f *Fleet) lease(ctx context.Context, hold time.Duration) (ours bool, err error) {
	return call(ctx, f, func(ctx context.Context, s Store) (bool, error) { return s.Lease(ctx, f.name, hold) })
}

// tell warns once of each problem.
func (f *Fleet) tell(format string, args ...any) {
	if !f.told[format] {
		f.told[format] = true
		f.report.Warn(format, args...)
	}
}

// Token returns the fleet's token, if there is one that has not expired, and until when it counts.
func (f *Fleet) Token(ctx context.Context) (e cache.Entry, ok bool, err error) {
	v, found, err := f.look(ctx)
	if err != nil {
		return e, false, err
	}
	e, ok = v.entry(found.Age, f.now())
	if !ok || !f.now().Before(e.Expiry) {
		return cache.Entry{}, false, nil
	}
	return e, true, nil
}

// Check finds out whether the store can be used: it looks, and leases for a moment.
func (f *Fleet) Check(ctx context.Context) (e cache.Entry, ok bool, err error) {
	if e, ok, err = f.Token(ctx); err != nil {
		return e, ok, err
	}
	ours, err := f.lease(ctx, f.hold)
	if err == nil && ours {
		_, err = f.lease(ctx, 0)
	}
	return e, ok, err
}

// Drop removes the fleet's token, if only accepts it; nil: whatever it is. Machines that have it already keep it until
// they are refused.
func (f *Fleet) Drop(ctx context.Context, only func(cache.Entry) bool) error {
	if only != nil {
		e, ok, err := f.Token(ctx)
		if err != nil || !ok || !only(e) {
			return err
		}
	}
	_, err := call(ctx, f, func(ctx context.Context, s Store) (struct{}, error) {
		return struct{}{}, s.Drop(ctx, f.name)
	})
	return err
}

// jitter returns a random time between half of d and one and a half.
func jitter(d time.Duration) time.Duration { return d/2 + rand.N(d) } //nolint:gosec // no secret
