package manage

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"cgp-cred/helper/profile"
	"cgp-cred/keystore"
	"cgp-cred/keystore/printable"
	"cgp-cred/keystore/record"
)

// migration is a record that a change starts from, where it was found, and where it goes: often the same place.
type migration struct {
	record   *record.Record // nil: there is none
	from, to profile.Location
	now      *profile.Profile // as its file is; nil: it is absent or damaged
	new      bool             // there is no file
}

func (g migration) stays() bool { return g.from.Same(g.to) }

// profile is the profile that the change makes.
func (g migration) profile(name string) *profile.Profile {
	p := &profile.Profile{Name: name, SignerSeal: g.seal()}
	if g.now != nil {
		p.MovingFrom = g.now.MovingFrom
	}
	p.Move(g.to)
	return p
}

// seal is the profile's seal of commands that sign.
func (g migration) seal() string {
	if g.now == nil {
		return ""
	}
	return g.now.SignerSeal
}

// find looks for a profile's record, and decides where it goes; to is nil if it stays where it is. A place that is
// given is one that the user means, and its command may be run.
func (m *Manager) find(ctx context.Context, name string, to *profile.Location) (migration, error) {
	g := migration{from: profile.Location{Kind: m.newKind()}}
	now, err := m.Config.Load(name)
	if g.new = errors.Is(err, profile.ErrNoProfile); err == nil {
		g.now, g.from = now, now.Location()
	}
	if g.to = g.from; to != nil {
		if err := m.locate(ctx, name, &g, *to); err != nil || g.record != nil {
			return g, err
		}
	}
	g.record, err = m.readIfAny(ctx, name, g.from, g.seal())
	return g, err
}

// locate decides where a record is and goes that the user wants in a place. If it has read the record, that is in g.
func (m *Manager) locate(ctx context.Context, name string, g *migration, to profile.Location) (err error) {
	if g.to, err = m.Seals().Seal(name, to); err != nil {
		return err
	}
	switch {
	case g.now == nil || g.stays():
		if g.now != nil && m.Seals().Sealed(name, g.from) {
			g.to = g.from // a seal that is good stays, and the file with it
		}
		g.from = g.to
	case g.from.Kind == profile.File && g.to.Kind == profile.File && g.from.Identity != "" && g.to.Identity != "":
		return refuse(name, "its file is encrypted for another identity",
			fmt.Sprintf("go through a passphrase: cgp-cred store %s --keystore file, then give --identity", name))
	case g.from.Kind == profile.Exec && g.to.Kind == profile.Exec:
		// The program may only have another path now, and the old one be gone.
		if r, err := m.readIfAny(ctx, name, g.to, g.seal()); err == nil && r != nil {
			g.from, g.record = g.to, r
		}
	}
	return nil
}

// readIfAny reads the record in a place, nil if there is none.
func (m *Manager) readIfAny(
	ctx context.Context, name string, in profile.Location, seal string,
) (*record.Record, error) {
	r, err := m.ReadAt(ctx, name, in, seal)
	if errors.Is(err, keystore.ErrNotFound) {
		return nil, nil
	}
	return r, err
}

// newKind is the kind of keystore for a new record.
func (m *Manager) newKind() string {
	if m.NewKeystore != "" {
		return m.NewKeystore
	}
	return profile.Keychain
}

// checkTarget refuses to overwrite another record in the place that r moves to. One with the same key is what a move
// that was killed has left. It returns the rev of what is there, empty if nothing is.
func (m *Manager) checkTarget(
	ctx context.Context, name string, g migration, r *record.Record, force bool,
) (was string, err error) {
	there, err := m.readIfAny(ctx, name, g.to, "")
	if err != nil || there == nil {
		return "", err
	}
	sameKey := there.Key == nil || r.Key != nil && samePublic(there.Key, r.Key)
	if force || there.Host == r.Host && sameKey {
		return there.Rev, nil
	}
	return "", refuse(name, "there is another record of this name "+g.to.String(),
		fmt.Sprintf("if it may be lost: cgp-cred store %s --keystore %s --force", name, g.to.Kind))
}

// replace writes a record over the one that was found, and moves it. All the while the profile's file says where the
// whole record is and which other place may have a copy: if the process is killed, get still finds the record, and the
// next change or logout the copy.
func (m *Manager) replace(
	ctx context.Context, p *profile.Profile, g migration, r *record.Record, force bool,
) (err error) {
	was := ""
	switch {
	case !g.stays():
		if was, err = m.checkTarget(ctx, p.Name, g, r, force); err != nil {
			return err
		}
	case g.record != nil:
		was = g.record.Rev
	}
	if g.now != nil {
		m.Forget(ctx, g.now) // the cache is bound to the file: after the change nothing would find the old token
	}
	r.Rev = record.NewRev()
	if err := m.announce(p, g, was, r); err != nil {
		return err
	}
	stored, err := m.Write(ctx, p, was, r)
	if err == nil {
		m.removeOld(ctx, p, g)
		return nil
	}
	m.takeBack(ctx, p, g, err)
	if stored && !g.stays() {
		return fmt.Errorf("profile %q: its record stays %s: %w", p.Name, g.from, errors.Unwrap(err))
	}
	return err
}

// announce writes into the profile's file where its record is about to be, and prepares p for when it is there. A
// record without a file would be lost sight of; a file without a record says so.
func (m *Manager) announce(p *profile.Profile, g migration, was string, r *record.Record) error {
	switch {
	case g.new:
		if err := m.Describe(p, r); err != nil {
			return err
		}
		return m.Config.Save(p)
	case g.now == nil:
		return nil
	case g.stays():
		return m.announceHere(p, *g.now, r)
	}
	inTo := func(c profile.Copy) bool { return c.Shares(g.to) }
	others := slices.DeleteFunc(slices.Clone(g.now.MovingFrom), inTo)
	now := *g.now
	now.MovingFrom = append(slices.Clone(others), profile.Copy{Location: g.to, Rev: r.Rev, Replaced: was != ""})
	if err := m.Config.Save(&now); err != nil {
		return err
	}
	if p.MovingFrom = others; g.record != nil {
		p.MovingFrom = append(p.MovingFrom, profile.Copy{Location: g.from, Rev: g.record.Rev})
	}
	return nil
}

// announceHere lets the profile's file fit a record that stays in its place, the old one or the new one.
func (m *Manager) announceHere(p *profile.Profile, now profile.Profile, r *record.Record) error {
	after := *p
	if err := m.Describe(&after, r); err != nil {
		return err
	}
	if now.Host == r.Host && now.APIName == r.APIName && now.Auth == r.Auth && now.SignerSeal == after.SignerSeal {
		return nil
	}
	if after.SignerSeal != "" { // a command that was given may be run for both
		var err error
		if now.SignerSeal, err = m.Seals().Both(&now, after.SignerSeal); err != nil {
			return err
		}
	}
	now.ChangingTo = r.Rev
	return m.Config.Save(&now)
}

// takeBack removes what a change has left that failed. If the keystore gave no answer, the record may still be stored:
// then the file continues to say so.
func (m *Manager) takeBack(ctx context.Context, p *profile.Profile, g migration, cause error) {
	switch {
	case ctx.Err() != nil || errors.Is(cause, keystore.ErrTimeout):
	case g.new:
		if _, err := m.ReadAt(ctx, p.Name, p.Location(), ""); errors.Is(err, keystore.ErrNotFound) {
			_, _ = m.Config.Remove(p.Name) // without a record it only says that there is none
		}
	default:
		_ = m.settle(ctx, p.Name) // the next change does it
	}
}

// removeOld removes the record from where it was, after it was read back from where it is.
func (m *Manager) removeOld(ctx context.Context, p *profile.Profile, g migration) {
	last := len(p.MovingFrom) - 1
	if g.stays() || g.record == nil || last < 0 || !m.dropCopy(ctx, p, p.MovingFrom[last]) {
		return
	}
	p.MovingFrom = p.MovingFrom[:last]
	if err := m.Config.Save(p); err != nil {
		m.Report.Warn("profile %q has moved, but its file still says that a copy may be left: %v", p.Name, err)
	}
}

// settle removes the copies of a profile's record that killed moves have left, and completes a killed change. A copy
// that can't be asked for is a warning, and stays in the profile's file.
func (m *Manager) settle(ctx context.Context, name string) error {
	p, err := m.Config.Load(name)
	if err == nil && p.ChangingTo != "" {
		if err := m.CompleteChange(ctx, p); err != nil {
			return err
		}
	}
	if err != nil || len(p.MovingFrom) == 0 {
		return nil //nolint:nilerr // what is wrong with the file is said by what needs it
	}
	before := *p
	gone := func(c profile.Copy) bool { return m.dropCopy(ctx, p, c) }
	p.MovingFrom = slices.DeleteFunc(slices.Clone(p.MovingFrom), gone)
	if len(p.MovingFrom) == len(before.MovingFrom) {
		return nil
	}
	m.Forget(ctx, &before)
	return m.Config.Save(p)
}

// dropCopy removes a copy of a record, and reports that there is none any more.
func (m *Manager) dropCopy(ctx context.Context, p *profile.Profile, c profile.Copy) (gone bool) {
	_, gone, err := m.removeCopy(ctx, p, c, false)
	if err != nil {
		next := printable.Shell("cgp-cred", "store", p.Name)
		m.Report.Warn("the record may still be %s too: %v; to remove it there later: %s", c.Location, err, next)
	}
	return gone
}

// removeCopy removes a copy of p's record, unless it is the record itself, or another machine's: a program's records
// can be shared, and there a record of another rev is no copy. With all it also removes one that replaced another
// record.
func (m *Manager) removeCopy(
	ctx context.Context, p *profile.Profile, c profile.Copy, all bool,
) (removed, gone bool, err error) {
	if c.Shares(p.Location()) {
		return false, true, nil
	}
	s, err := m.At(p.Name, c.Location)
	if err != nil {
		return false, false, err
	}
	if c.Kind == profile.Exec || c.Replaced {
		r, err := s.Read(ctx, "")
		switch {
		case errors.Is(err, keystore.ErrNotFound):
			return false, true, nil
		case err != nil:
			return false, false, err
		case r.Rev != c.Rev:
			if !c.Replaced {
				m.Report.Warn("the record %s was changed by another machine, and stays there", c.Location)
			}
			return false, true, nil
		case c.Replaced && !all:
			return false, false, nil
		}
	}
	removed, err = s.Delete(ctx, p.Name)
	return removed, err == nil, err
}
