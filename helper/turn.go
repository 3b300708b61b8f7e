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
	name   string // of the profile, for messages
	path   string // of its files, without their endings; empty: there is no place for them
	outer  *turn  // nil, or one that ends after this one
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
	// most find a token, and say nothing
	return h.alone(h.newTurn(ctx, h.flightName(p)), hold, hold+turnSlack)
}

// turnToChange waits for the turn to change the profile of a name: first for the other changes, in the state folder, which
// all processes share whatever their XDG_RUNTIME_DIR is, and then for a mint.
func (h *Helper) turnToChange(ctx context.Context, name string) (*turn, error) {
	hold, wait := changeCalls*patience(), patience()+mintTimeout+turnSlack
	changes := h.newTurn(ctx, name)
	changes.path = h.changePath(name)
	changes, err := h.alone(changes, hold+wait, wait)
	if err != nil {
		return nil, err
	}
	changes.say(hold + wait)
	t, err := h.alone(h.newTurn(ctx, name), hold, wait)
	if err != nil {
		changes.end()
		return nil, err
	}
	t.outer = changes
	t.say(hold)
	return t, nil
}

// turnToWrite is turnToChange for a change that starts from what its user saw: it fails if another command has changed the
// profile while it was waited for.
func (h *Helper) turnToWrite(ctx context.Context, name string) (*turn, error) {
	rev := func() string {
		if p, err := h.Config.Load(name); err == nil {
			return p.Rev
		}
		return ""
	}
	before := rev()
	t, err := h.turnToChange(ctx, name)
	if err == nil && rev() != before {
		t.end()
		return nil, &ChangedError{Profile: name, unwritten: true}
	}
	return t, err
}

// tryChange takes the turn to change a profile that a process needs which mints for it, or reports that there is none: to
// wait for one here could be to wait for a process that waits for us.
func (h *Helper) tryChange(name string) (release func(), ok bool) {
	path := h.changePath(name)
	if path == "" {
		return func() {}, true
	}
	release, state, err := disk.TryLock(path + lockEnd)
	if state == disk.Broken {
		h.warnUnsafe(err)
	}
	return release, state != disk.Held
}

// changePath is that of the lock for changes. No profile's name has a tilde.
func (h *Helper) changePath(name string) string {
	if h.Folders.State == "" {
		return ""
	}
	return filepath.Join(h.Folders.State, name+"~change")
}

// alone takes a turn's lock for at most hold, or waits for it, so long or as long as whoever has it may take. Where the file
// system has no locks it goes on without, in silence; a folder that others can write is worth a warning.
func (h *Helper) alone(t *turn, hold, wait time.Duration) (*turn, error) {
	if err := t.lock(wait); err != nil {
		return nil, err
	}
	t.begun = time.Now()
	t.mayLast(hold)
	return t, nil
}

// newTurn is a turn without a lock, as long as ctx.
func (h *Helper) newTurn(ctx context.Context, name string) *turn {
	t := &turn{ctx: ctx, h: h, name: name, caller: ctx, begun: time.Now(), release: func() {}, stop: func() {}}
	if h.Folders.Runtime != "" {
		t.path = filepath.Join(h.Folders.Runtime, name)
	}
	return t
}

func (t *turn) lock(wait time.Duration) error {
	if t.path == "" { // a process without a home, in a container: it is alone anyway
		return nil
	}
	release, state, err := t.await(wait)
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
func (t *turn) await(wait time.Duration) (release func(), state disk.LockState, err error) {
	ctx, h, name, file := t.caller, t.h, t.name, t.path+lockEnd
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
		longer := t.announced() + turnSlack
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
		t.said = disk.WriteVolatile(t.path+holdEnd, []byte(hold.String()+"\n")) == nil
	}
}

// end lets the next one in.
func (t *turn) end() {
	t.stop()
	if t.said {
		_ = os.Remove(t.path + holdEnd) // what a killed one leaves is the next one's to replace
	}
	t.release()
	if t.outer != nil {
		t.outer.end()
	}
}

const (
	lockEnd = ".lock"
	holdEnd = ".hold" // of the file that says how long a turn may last
)

// holds are what a turn can last: several calls of a keystore, each as long as a user may allow.
var holds = keystore.DurationRange{Most: 24 * time.Hour}

func (h *Helper) lockFile(name string) string {
	return filepath.Join(h.Folders.Runtime, name+lockEnd)
}

// announced is how long the turn that is going on may last, or zero where it does not say. It may be an earlier one's word.
func (t *turn) announced() time.Duration {
	text, err := disk.ReadFile(t.path+holdEnd, holdSize)
	if err != nil {
		return 0
	}
	hold, err := holds.Parse(strings.TrimSpace(string(text)))
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
