package helper

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"cgp-cred/helper/profile"
	"cgp-cred/keystore"
	"cgp-cred/keystore/printable"
)

// moved is a record that a change starts from, where it was found, and where it goes.
type moved struct {
	record   *keystore.Record // nil: there is none
	from, to profile.Place
	now      *profile.Profile // as its file stands; nil: it is absent or damaged
	new      bool             // there is no file
}

// profile is the profile that the change makes.
func (m moved) profile(name string) *profile.Profile {
	p := &profile.Profile{Name: name, SignerSeal: m.signers()}
	if m.now != nil {
		p.MovingFrom = m.now.MovingFrom
	}
	p.Move(m.to)
	return p
}

// signers is the profile's seal of commands that sign.
func (m moved) signers() string {
	if m.now == nil {
		return ""
	}
	return m.now.SignerSeal
}

// find looks for a profile's record, given where it is to be: nil for where it is. A place that is given is one that
// the user means, and its command may be run.
func (h *Helper) find(ctx context.Context, name string, to *profile.Place) (moved, error) {
	m := moved{from: h.place(name)}
	now, err := h.Config.Load(name)
	if m.new = errors.Is(err, profile.ErrNoProfile); err == nil {
		m.now = now
	}
	if to == nil {
		m.to = m.from
		return m, h.load(ctx, name, &m)
	}
	if m.to, err = h.seal(name, *to); err != nil {
		return m, err
	}
	switch {
	case m.now == nil || m.from.Same(m.to):
		if m.now != nil && h.sealed(name, m.from) {
			m.to = m.from // a seal that is good stays, and the file with it
		}
		m.from = m.to
	case m.from.Kind == profile.File && m.to.Kind == profile.File && m.from.Identity != "" && m.to.Identity != "":
		return m, &ChangeError{
			Profile: name, Problem: "its file is encrypted for another identity",
			hint: fmt.Sprintf("go through a passphrase: cgp-cred store %s --keystore file, then give --identity", name),
		}
	case m.from.Kind == profile.Program && m.to.Kind == profile.Program:
		there := moved{from: m.to, now: m.now} // the program may only have another path now, and the old one be gone
		if err := h.load(ctx, name, &there); err == nil && there.record != nil {
			m.from, m.record = m.to, there.record
			return m, nil
		}
	}
	return m, h.load(ctx, name, &m)
}

// load reads the record in m.from; none is no error.
func (h *Helper) load(ctx context.Context, name string, m *moved) (err error) {
	m.record, err = h.loadFrom(ctx, name, m.from, m.signers())
	if errors.Is(err, keystore.ErrNotFound) {
		return nil
	}
	return err
}

// mayMove refuses to write over another record in the place that a record moves to. One with the same key is what a
// move that was ended has left. It returns the rev of what is there, empty where nothing is.
func (h *Helper) mayMove(ctx context.Context, name string, m moved, force bool) (was string, err error) {
	if m.from.Same(m.to) {
		return "", nil
	}
	there := moved{from: m.to}
	if err := h.load(ctx, name, &there); err != nil || there.record == nil {
		return "", err
	}
	was = there.record.Rev
	sameKey := there.record.Key == nil || m.record.Key != nil && samePublic(there.record.Key, m.record.Key)
	if force || there.record.Host == m.record.Host && sameKey {
		return was, nil
	}
	return "", &ChangeError{
		Profile: name, Problem: "there is another record of this name " + m.to.String(),
		hint: fmt.Sprintf("if it may be lost: cgp-cred store %s --keystore %s --force", name, m.to.Kind),
	}
}

// replace writes a record over the one that was found, and moves it. All the while the profile's file says where the
// whole record is and which other place may have a copy: if the process is killed, get still finds the record, and the
// next change or logout the copy.
func (h *Helper) replace(ctx context.Context, p *profile.Profile, found moved, r *keystore.Record, force bool) error {
	was, err := h.mayMove(ctx, p.Name, moved{record: r, from: found.from, to: found.to}, force)
	if err != nil {
		return err
	}
	if found.from.Same(found.to) && found.record != nil {
		was = found.record.Rev
	}
	if found.now != nil {
		h.forget(ctx, found.now) // the cache is bound to the file: after the change nothing would find the old token
	}
	r.Rev = keystore.NewRev()
	if err := h.announce(p, found, was, r); err != nil {
		return err
	}
	if err := h.put(ctx, p, was, r); err != nil {
		h.takeBack(ctx, p, found, err)
		if stale := (*staleError)(nil); errors.As(err, &stale) && !found.from.Same(found.to) {
			return fmt.Errorf("profile %q: its record stays %s: %w", p.Name, found.from, stale.err)
		}
		return err
	}
	h.leave(ctx, p, found)
	return nil
}

// announce writes into the profile's file where its record is about to be, and prepares p for when it is there. A record
// without a file would be lost sight of; a file without a record says so.
func (h *Helper) announce(p *profile.Profile, found moved, was string, r *keystore.Record) error {
	switch {
	case found.new:
		if err := h.describe(p, r); err != nil {
			return err
		}
		return h.Config.Save(p)
	case found.now == nil:
		return nil
	case found.from.Same(found.to):
		return h.announceHere(p, *found.now, r)
	}
	inTo := func(c profile.Copy) bool { return c.Shares(found.to) }
	others := slices.DeleteFunc(slices.Clone(found.now.MovingFrom), inTo)
	now := *found.now
	now.MovingFrom = append(slices.Clone(others), profile.Copy{Place: found.to, Rev: r.Rev, Replaced: was != ""})
	if err := h.Config.Save(&now); err != nil {
		return err
	}
	if p.MovingFrom = others; found.record != nil {
		p.MovingFrom = append(p.MovingFrom, profile.Copy{Place: found.from, Rev: found.record.Rev})
	}
	return nil
}

// announceHere lets the profile's file stand by a record that stays in its place, the old one or the new one.
func (h *Helper) announceHere(p *profile.Profile, now profile.Profile, r *keystore.Record) error {
	after := *p
	if err := h.describe(&after, r); err != nil {
		return err
	}
	if now.Host == r.Host && now.APIName == r.APIName && now.Auth == r.Auth && now.SignerSeal == after.SignerSeal {
		return nil
	}
	if after.SignerSeal != "" { // a command that was given may be run for both
		var err error
		both := append(h.sealedSigners(p.Name, now.SignerSeal), h.sealedSigners(p.Name, after.SignerSeal)...)
		if now.SignerSeal, err = h.sealCommands(&now, both); err != nil {
			return err
		}
	}
	now.ChangingTo = r.Rev
	return h.Config.Save(&now)
}

// takeBack removes what a change has left that failed. If the keystore gave no answer, the record may still be stored:
// then the file goes on saying so.
func (h *Helper) takeBack(ctx context.Context, p *profile.Profile, found moved, cause error) {
	switch {
	case ctx.Err() != nil || errors.Is(cause, keystore.ErrTimeout):
	case found.new:
		if _, err := h.loadFrom(ctx, p.Name, p.Place(), ""); errors.Is(err, keystore.ErrNotFound) {
			_, _ = h.Config.Remove(p.Name) // without a record it only says that there is none
		}
	default:
		_ = h.settle(ctx, p.Name) // the next change does it
	}
}

// leave removes the record from where it was, after it was read back from where it is.
func (h *Helper) leave(ctx context.Context, p *profile.Profile, found moved) {
	last := len(p.MovingFrom) - 1
	if found.from.Same(found.to) || found.record == nil || last < 0 || !h.dropCopy(ctx, p, p.MovingFrom[last]) {
		return
	}
	p.MovingFrom = p.MovingFrom[:last]
	if err := h.Config.Save(p); err != nil {
		h.warn(fmt.Sprintf("profile %q has moved, but its file still says that a copy may be left: %v", p.Name, err))
	}
}

// loadProfile reads a profile's file, after a change that was killed before it wrote the file is carried through. One that is
// still at work does that itself.
func (h *Helper) loadProfile(name string) (*profile.Profile, error) {
	p, err := h.Config.Load(name)
	if err != nil || p.ChangingTo == "" {
		return p, err
	}
	release, ok := h.tryChange(name)
	if !ok {
		return p, nil
	}
	defer release()
	ctx, stop := context.WithTimeout(context.Background(), patience())
	defer stop()
	if p, err = h.Config.Load(name); err == nil {
		err = h.carryThrough(ctx, p)
	}
	return p, err
}

// carryThrough lets a profile's file say what its record has, if the record is the one that the file announces, and drops
// the announcement. A keystore that can't be asked is an error for those that need the record.
func (h *Helper) carryThrough(ctx context.Context, p *profile.Profile) error {
	r, err := h.loadFrom(ctx, p.Name, p.Place(), p.SignerSeal)
	if err != nil || p.ChangingTo == "" {
		return nil //nolint:nilerr // said by the next one that reads the record
	}
	before := *p
	if r.Rev == p.ChangingTo {
		if err := h.describe(p, r); err != nil {
			return err
		}
	}
	h.forget(ctx, &before)
	p.ChangingTo = ""
	return h.Config.Save(p)
}

// settle removes the copies of a profile's record that moves have left which were ended, and carries a killed change
// through. A copy that can't be asked for is a warning, and stays in the profile's file.
func (h *Helper) settle(ctx context.Context, name string) error {
	p, err := h.Config.Load(name)
	if err == nil && p.ChangingTo != "" {
		if err := h.carryThrough(ctx, p); err != nil {
			return err
		}
	}
	if err != nil || len(p.MovingFrom) == 0 {
		return nil //nolint:nilerr // what is wrong with the file is said by whoever needs it
	}
	before := *p
	gone := func(c profile.Copy) bool { return h.dropCopy(ctx, p, c) }
	p.MovingFrom = slices.DeleteFunc(slices.Clone(p.MovingFrom), gone)
	if len(p.MovingFrom) == len(before.MovingFrom) {
		return nil
	}
	h.forget(ctx, &before)
	return h.Config.Save(p)
}

// dropCopy removes a copy of a record, and reports that there is none any more.
func (h *Helper) dropCopy(ctx context.Context, p *profile.Profile, c profile.Copy) (gone bool) {
	_, gone, err := h.removeCopy(ctx, p, c, false)
	if err != nil {
		next := printable.Shell("cgp-cred", "store", p.Name)
		h.warn(fmt.Sprintf("the record is perhaps still %s too: %v; to remove it there later: %s", c.Place, err, next))
	}
	return gone
}

// removeCopy removes a copy of p's record, unless it is the record itself, or another machine's: a program's records
// can be shared, and there a record of another rev is no copy. With all it also removes one that replaced another
// record.
func (h *Helper) removeCopy(
	ctx context.Context, p *profile.Profile, c profile.Copy, all bool,
) (removed, gone bool, err error) {
	if c.Shares(p.Place()) {
		return false, true, nil
	}
	ks, err := h.openPlace(p.Name, c.Place)
	if err != nil {
		return false, false, err
	}
	if c.Kind == profile.Program || c.Replaced {
		r, err := keystore.Load(ctx, ks, p.Name)
		switch {
		case errors.Is(err, keystore.ErrNotFound):
			return false, true, nil
		case err != nil:
			return false, false, err
		case r.Rev != c.Rev:
			if !c.Replaced {
				h.warn(fmt.Sprintf("the record %s was changed by another machine, and stays there", c.Place))
			}
			return false, true, nil
		case c.Replaced && !all:
			return false, false, nil
		}
	}
	if err := ks.Delete(ctx, p.Name); err != nil {
		return false, errors.Is(err, keystore.ErrNotFound), ignoreAbsent(err)
	}
	return true, true, nil
}

// ignoreAbsent is an error, but for one that says that there is no such record.
func ignoreAbsent(err error) error {
	if errors.Is(err, keystore.ErrNotFound) {
		return nil
	}
	return err
}
