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

// migration is the record that a change starts from, the place where it was found, and the place where it goes, which
// is often the same.
type migration struct {
	record   *record.Record // nil: no record was found
	from, to profile.Location
	now      *profile.Profile // as its file is now; nil: the file is absent or damaged
	new      bool             // there is no file
}

func (g migration) stays() bool { return g.from.Same(g.to) }

// base returns what a change starts from: the record, or, if the keystore has lost it, what the profile's file says of
// it. It is nil for a new profile.
func (g migration) base() *record.Record {
	if g.record != nil || g.now == nil {
		return g.record
	}
	return &record.Record{Host: g.now.Host, APIName: g.now.APIName, Auth: g.now.Auth}
}

// profile returns the profile that the change makes.
func (g migration) profile(name string) *profile.Profile {
	if g.now != nil && g.now.System {
		p := *g.now
		return &p
	}
	p := &profile.Profile{Name: name, SignerSeal: g.seal()}
	if g.now != nil {
		p.MovingFrom, p.Fleet, p.FleetSeal = g.now.MovingFrom, g.now.Fleet, g.now.FleetSeal
	}
	p.Move(g.to)
	return p
}

// seal returns the profile's seal of commands that sign.
func (g migration) seal() string {
	if g.now == nil {
		return ""
	}
	return g.now.SignerSeal
}

// find looks for a profile's record, and decides where it goes. If to is nil, it stays where it is. A place that is
// given comes from the user, so its command may be run.
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
	damage := err
	g.record, err = m.readIfAny(ctx, name, g.from, g.seal())
	if err == nil && g.record == nil && to == nil && errors.Is(damage, profile.ErrDamaged) {
		err = refuse(name, fmt.Sprintf("its record is not %s, and its file can't say where it is: %v", g.from, damage),
			"name the keystore that was used: cgp-cred store "+name+" --keystore file\n"+
				"or fix the file; or begin again: cgp-cred logout "+name)
	}
	return g, err
}

// locate decides where a record is, and where it goes, if the user wants it in the place to. If it reads the record, it
// puts it into g.
func (m *Manager) locate(ctx context.Context, name string, g *migration, to profile.Location) (err error) {
	if g.to, err = m.Seals().Seal(name, to); err != nil {
		return err
	}
	switch {
	case g.now == nil || g.stays():
		if g.now != nil && m.Seals().Sealed(name, g.from) {
			g.to = g.from // a valid seal is kept, so the file does not change
		}
		g.from = g.to
	case g.from.Kind == profile.File && g.to.Kind == profile.File && g.from.Identity != "" && g.to.Identity != "":
		return refuse(name, "its file is encrypted for another identity",
			fmt.Sprintf("change to a passphrase first: cgp-cred store %s --keystore file; then add --identity", name))
	case g.from.Kind == profile.Exec && g.to.Kind == profile.Exec:
		// Perhaps only the program's path has changed, and the old path no longer exists.
		if r, err := m.readIfAny(ctx, name, g.to, g.seal()); err == nil && r != nil {
			g.from, g.record = g.to, r
		}
	}
	return nil
}

// readIfAny reads the record in a place. It returns nil if there is no record.
func (m *Manager) readIfAny(
	ctx context.Context, name string, in profile.Location, seal string,
) (*record.Record, error) {
	r, err := m.ReadAt(ctx, name, in, seal)
	if errors.Is(err, keystore.ErrNotFound) {
		return nil, nil
	}
	return r, err
}

// newKind returns the kind of keystore for a new record.
func (m *Manager) newKind() string {
	if m.NewKeystore != "" {
		return m.NewKeystore
	}
	return profile.Keychain
}

// checkTarget refuses to overwrite another record in the place that r moves to. A record with the same key was left
// by a move that was killed. checkTarget returns the rev of the record in that place, or "" if there is no record.
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
		fmt.Sprintf("to overwrite it: cgp-cred store %s %s --force", name, g.to.Flags()))
}

// replace writes a record over the one that was found, and moves it. At every step the profile's file says where the
// whole record is and which other place may have a copy. If the process is killed, get still finds the record, and
// the next change or logout finds the copy.
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
		m.Forget(ctx, g.now) // the cache is bound to the file: after the change the old token can't be found
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

// announce writes to the profile's file where the record is about to go, and prepares p for after the move. The file
// comes first: get reports a file without a record, but can't find a record without a file.
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

// announceHere makes the profile's file fit both the old and the new record, when the record stays in its place.
func (m *Manager) announceHere(p *profile.Profile, now profile.Profile, r *record.Record) error {
	after := *p
	if err := m.Describe(&after, r); err != nil {
		return err
	}
	if now.Host == r.Host && now.APIName == r.APIName && now.Auth == r.Auth && now.SignerSeal == after.SignerSeal {
		return nil
	}
	if after.SignerSeal != "" { // a command that was given may be run for both records
		var err error
		if now.SignerSeal, err = m.Seals().Both(&now, after.SignerSeal); err != nil {
			return err
		}
	}
	now.ChangingTo = r.Rev
	return m.Config.Save(&now)
}

// takeBack removes what a failed change has left. If the keystore gave no answer, the record may still be stored:
// then the file keeps the announcement.
func (m *Manager) takeBack(ctx context.Context, p *profile.Profile, g migration, cause error) {
	switch {
	case ctx.Err() != nil || errors.Is(cause, keystore.ErrTimeout):
	case g.new:
		if _, err := m.ReadAt(ctx, p.Name, p.Location(), ""); errors.Is(err, keystore.ErrNotFound) {
			_, _ = m.Config.Remove(p.Name) // a file without a record is of no use
		}
	default:
		_ = m.settle(ctx, p.Name) // if it fails, the next change does it
	}
}

// removeOld removes the record from its old place, after it was read back from the new one.
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

// settle removes the copies of a profile's record that killed moves have left, and completes a killed change. If a copy
// can't be reached, that is a warning, and the copy stays in the profile's file.
func (m *Manager) settle(ctx context.Context, name string) error {
	p, err := m.Config.Load(name)
	if err == nil && p.ChangingTo != "" {
		if err := m.CompleteChange(ctx, p); err != nil {
			return err
		}
	}
	if err != nil || len(p.MovingFrom) == 0 {
		return nil //nolint:nilerr // the caller reads the file next, and gets this error
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

// dropCopy removes a copy of a record, and reports whether it is gone.
func (m *Manager) dropCopy(ctx context.Context, p *profile.Profile, c profile.Copy) (gone bool) {
	_, gone, err := m.removeCopy(ctx, p, c, false)
	if err != nil {
		next := printable.Shell("cgp-cred", "store", p.Name)
		m.Report.Warn("the record may still be %s too: %v; to remove it there later: %s", c.Location, err, next)
	}
	return gone
}

// removeCopy removes a copy of p's record, unless it is the record itself, or another machine's record: machines can
// share a program's records, and there a record with another rev is no copy. With all it also removes a copy that
// replaced another record.
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
