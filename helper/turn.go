package helper

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"cgp-cred/helper/profile"
	"cgp-cred/keystore"
	"cgp-cred/keystore/disk"
	"cgp-cred/keystore/signer"
)

const (
	// turnSlack is how much longer one waits for a turn than the one before it may last: for what knows no deadline, such
	// as the disk. With the usual 25 s for the token requests it makes the keychain's deadline and 30 s.
	turnSlack = 5 * time.Second

	// changeCalls is how often a change of a profile may ask keystores: to find the record, in two places when it moves,
	// to write it and read it back, to drop the token, and to remove the record from where it was.
	changeCalls = 6

	// holdSize bounds the file that says how long a turn may last, in bytes.
	holdSize = 64
)

// turn is a profile's lock, held by us. ctx ends when the turn has lasted as long as the others were told that it may, so
// that nobody who waits for it gives up on one that still has a right to go on.
type turn struct {
	ctx context.Context

	h      *Helper
	name   string
	caller context.Context
	begun  time.Time
	locked bool // others may wait
	said   bool // they were told how long

	release func()
	stop    context.CancelFunc // of ctx
}

// LockError is a lock that another process held for too long.
type LockError struct {
	Profile string
	Waited  time.Duration
}

func (e *LockError) Error() string {
	return fmt.Sprintf("another cgp-cred has been at work on profile %q for %v", e.Profile, e.Waited.Round(time.Second))
}

// Hint says where to look.
func (e *LockError) Hint() string {
	return "a keychain prompt or a key may be waiting for somebody, or the token endpoint does not answer: look there, or end the other process, and run the command again"
}

// turnToMint waits for the turn to mint for p.
func (h *Helper) turnToMint(ctx context.Context, p *profile.Profile) (*turn, error) {
	hold := h.mintHold(p)
	return h.alone(ctx, h.flightName(p), hold, hold+turnSlack) // most find a token, and say nothing
}

// turnToChange waits for the turn to change the profile of a name.
func (h *Helper) turnToChange(ctx context.Context, name string) (*turn, error) {
	hold := changeCalls * patience()
	t, err := h.alone(ctx, name, hold, patience()+mintTimeout+turnSlack)
	if err == nil {
		t.say(hold)
	}
	return t, err
}

// alone takes the lock of a name for a turn of at most hold, or waits for it, so long or as long as whoever has it may
// take. Where the file system has no locks it goes on without, in silence; a folder that others can write is worth a
// warning.
func (h *Helper) alone(ctx context.Context, name string, hold, wait time.Duration) (*turn, error) {
	t := h.newTurn(ctx, name)
	if err := t.lock(wait); err != nil {
		return nil, err
	}
	t.begun = time.Now()
	t.mayLast(hold)
	return t, nil
}

// newTurn is a turn without a lock, as long as ctx.
func (h *Helper) newTurn(ctx context.Context, name string) *turn {
	return &turn{ctx: ctx, h: h, name: name, caller: ctx, begun: time.Now(), release: func() {}, stop: func() {}}
}

func (t *turn) lock(wait time.Duration) error {
	if t.h.Folders.Runtime == "" { // a process without a home, in a container: it is alone anyway
		return nil
	}
	release, state, err := t.h.await(t.caller, t.name, wait)
	switch state {
	case disk.Held:
		return err
	case disk.Broken:
		t.h.warnUnsafe(err)
	case disk.Acquired:
		t.release, t.locked = release, true
	}
	return nil
}

// await waits for a lock: so long, or as long as its holder says that it may take. The error is for one that is
// [disk.Held], or says why it is broken.
func (h *Helper) await(ctx context.Context, name string, wait time.Duration) (release func(), state disk.LockState, err error) {
	file := h.lockFile(name)
	if release, state, err = disk.TryLock(file); state != disk.Held {
		return release, state, err
	}
	h.trace(1, "another process is at work on profile %q: waiting for it", name)
	start := time.Now()
	for {
		waiting, stop := context.WithDeadline(ctx, start.Add(wait))
		release, state, err = disk.Lock(waiting, file)
		stop()
		if state != disk.Held {
			return release, state, err
		}
		if ctx.Err() != nil {
			return release, state, errors.Join(&LockError{Profile: name, Waited: time.Since(start)}, ctx.Err())
		}
		longer := h.holdOf(name) + turnSlack
		if longer <= wait {
			return release, state, &LockError{Profile: name, Waited: wait}
		}
		wait = longer
	}
}

// mayLast bounds the turn, from its beginning.
func (t *turn) mayLast(hold time.Duration) {
	t.stop()
	t.ctx, t.stop = context.WithDeadline(t.caller, t.begun.Add(hold))
}

// say tells those who wait how long the turn may last. Without it they wait as long as they would take themselves.
func (t *turn) say(hold time.Duration) {
	if t.locked {
		t.said = disk.WriteVolatile(t.h.holdFile(t.name), []byte(hold.String()+"\n")) == nil
	}
}

// end lets the next one in.
func (t *turn) end() {
	t.stop()
	if t.said {
		_ = os.Remove(t.h.holdFile(t.name)) // what a killed one leaves is the next one's to replace
	}
	t.release()
}

func (h *Helper) lockFile(name string) string {
	return filepath.Join(h.Folders.Runtime, name+".lock")
}

func (h *Helper) holdFile(name string) string {
	return filepath.Join(h.Folders.Runtime, name+".hold")
}

// holdOf is how long the turn that is going on may last, or zero where it does not say. It may be an earlier one's word.
func (h *Helper) holdOf(name string) time.Duration {
	text, err := disk.ReadFile(h.holdFile(name), holdSize)
	if err != nil {
		return 0
	}
	hold, err := time.ParseDuration(strings.TrimSpace(string(text)))
	if err != nil {
		return 0
	}
	return hold
}

// mintHold is how long a mint for p may take: its keystore's answer, and all token requests.
func (h *Helper) mintHold(p *profile.Profile) time.Duration {
	hold := h.requestTime()
	if p.Keystore == profile.Variables {
		return hold
	}
	ks, err := h.KeystoreOf(p)
	if err != nil {
		return hold // it fails at once
	}
	return hold + patienceWith(ks)
}

// requestTime is how long all token requests of a mint may take.
func (h *Helper) requestTime() time.Duration {
	if h.Timeout > 0 {
		return h.Timeout
	}
	return mintTimeout
}

// signHold is what a mint with a record takes longer, for the keys that someone else signs with: each of them waits for a
// touch, a PIN or a yes before the requests begin.
func signHold(r *keystore.Record) time.Duration {
	var all time.Duration
	for _, k := range keysOf(r) {
		if signer.Foreign(k.Signer) {
			all += patience()
		}
	}
	return all
}

// patienceWith is how long a keystore's answer is waited for.
func patienceWith(ks keystore.Keystore) time.Duration {
	if l, ok := ks.(keystore.Limited); ok {
		if limit, err := l.Limit(); err == nil {
			return limit
		}
	}
	return patience()
}

// patience is how long the most patient keystore or signer is waited for.
func patience() time.Duration {
	if d, err := keystore.Patience(); err == nil {
		return d
	}
	return 30 * time.Second // the variable is wrong: whoever asks for it says so
}

// warnUnsafe warns of a lock that others could hold, and not of a file system without locks.
func (h *Helper) warnUnsafe(err error) {
	var unsafe *disk.UnsafeError
	if errors.As(err, &unsafe) {
		h.warn(fmt.Sprintf("working without a lock: %v", err))
	}
}
