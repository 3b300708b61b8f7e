package manage

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"cgp-cred/helper/cache"
	"cgp-cred/helper/profile"
	"cgp-cred/keystore"
	"cgp-cred/keystore/agefile"
	"cgp-cred/keystore/disk"
	"cgp-cred/keystore/printable"
)

// Removed reports what a logout found and removed.
type Removed struct {
	Profile bool // its file
	Record  bool // its keys in the keystore
}

// Logout removes a profile's cached token, its record from every place that can have one of this name, and its file,
// in that order. If the profile's keystore can't be reached, the file stays and still names the keystore. It is no
// error if something is already absent.
func (m *Manager) Logout(ctx context.Context, name string) (Removed, error) {
	if err := profile.CheckName(name); err != nil {
		return Removed{}, err
	}
	var done Removed
	if err := m.KeystoreOnly(); err != nil {
		return done, err
	}
	if err := m.mayChange(name); err != nil {
		return done, err
	}
	lease, err := m.acquire(ctx, name)
	if err != nil {
		return done, err
	}
	defer lease.Release()
	ctx = lease.Context()
	p, loadErr := m.Config.Load(name)
	var unsafe *disk.UnsafeError
	switch {
	case errors.As(loadErr, &unsafe): // the file will not be removed, so the keys stay too
		return done, loadErr
	case p != nil && (loadErr == nil || p.Location().Check() == nil): // another part of it may be damaged
		_ = m.Purge(ctx, p) // if the keychain fails, removing its record below fails too
	default:
		p = nil
	}
	if done.Record, err = m.removeRecords(ctx, name, p); err != nil {
		return done, err
	}
	if p == nil && !errors.Is(loadErr, profile.ErrNoProfile) {
		m.warnDamaged(name)
	}
	if done.Profile, err = m.Config.Remove(name); err != nil && done.Record {
		err = fmt.Errorf("its keys are removed, its file is not: %w", err)
	}
	lease.Remove()
	return done, err
}

// removeRecords removes a profile's record from its keystore, and from every other keystore that may have one. A move
// that was killed leaves a copy. If the profile's file is lost or damaged, p is nil. If another keystore can't be
// asked, that is a warning.
func (m *Manager) removeRecords(ctx context.Context, name string, p *profile.Profile) (removed bool, err error) {
	if p != nil {
		if removed, err = m.removeRecord(ctx, name, p.Location()); err != nil {
			return removed, err
		}
		if m.removeCopies(ctx, p) {
			removed = true
		}
	}
	for _, other := range m.otherLocations(p) {
		gone, err := m.removeRecord(ctx, name, other)
		removed = removed || gone
		switch {
		case err == nil:
		case errors.Is(err, keystore.ErrUnavailable) && (p != nil || removed): // this machine has no such keystore
			m.Report.Trace(1, "a record %s was not looked for: %v", other, err)
		case p != nil || removed:
			m.Report.Warn("a record of this name %s was not looked for: %v", other, err)
		default:
			return removed, err
		}
	}
	return removed, nil
}

// removeCopies removes the copies that a move has left with programs. Logout looks into the other places in any case.
func (m *Manager) removeCopies(ctx context.Context, p *profile.Profile) (removed bool) {
	for _, c := range p.MovingFrom {
		if c.Kind != profile.Exec {
			continue
		}
		one, _, err := m.removeCopy(ctx, p, c, true)
		removed = removed || one
		if err != nil {
			m.Report.Warn("a copy of the record may still be %s: %v%s", c.Location, err, eraseByHand(c.Command, p.Name))
		}
	}
	return removed
}

// warnDamaged warns of the places that can't be looked into without the profile's file.
func (m *Manager) warnDamaged(name string) {
	text := fmt.Sprintf("profile %q: its file is damaged, "+
		"so a record behind a program (--keystore exec) was not looked for", name)
	if command := m.Config.DamagedCommand(name); command != nil {
		text += eraseByHand(command, name)
	}
	m.Report.Warn("%s", text)
}

// eraseByHand returns a hint that says how to remove a record that cgp-cred can't remove. The command may be one that
// the user never gave.
func eraseByHand(command []string, name string) string {
	argv := append(slices.Clone(command), "erase", name)
	return "; if the command is yours, remove it there: " + printable.Shell(argv...)
}

// otherLocations returns the places that may have a record although the profile's file does not name them. The
// keychain is last, because it may ask the user. If p is nil, the profile's file is lost or damaged.
func (m *Manager) otherLocations(p *profile.Profile) []profile.Location {
	own := profile.Location{Kind: m.newKind()}
	if p != nil {
		own = p.Location()
	}
	var all []profile.Location
	for _, place := range []profile.Location{
		{Kind: profile.File},
		{Kind: profile.File, Identity: "/"}, // any: only the name of the file depends on it
		{Kind: profile.Keychain},
	} {
		known := p != nil && (own.Shares(place) || own.Kind == profile.Memory)
		if known || place.Kind == profile.File && m.External == nil {
			continue
		}
		all = append(all, place)
	}
	if p == nil && own.Kind != profile.Keychain { // where new records go
		all = append(all, own)
	}
	return all
}

// removeRecord removes the record of a name from a place. From the keychain it also removes the token.
func (m *Manager) removeRecord(
	ctx context.Context, name string, place profile.Location,
) (removed bool, err error) {
	s, err := m.At(name, place)
	if err != nil {
		return false, err
	}
	removed, err = s.Delete(ctx, name)
	if err == nil && place.Kind == profile.Keychain {
		_, err = s.Delete(ctx, name+cache.AccountEnd)
	}
	return removed, err
}

// Nothing reports whether it is certain that there is nothing to remove for a name: no profile, and no record in any
// place that can have one without a profile.
func (m *Manager) Nothing(ctx context.Context, name string) bool {
	if m.KeystoreOnly() != nil {
		return false
	}
	if _, err := m.Config.Load(name); !errors.Is(err, profile.ErrNoProfile) {
		return false
	}
	if m.Folders.Data != "" {
		if files, err := agefile.Accounts(m.Folders.Data); err != nil || slices.Contains(files, name) {
			return false
		}
	}
	ks, err := m.Keystore(m.newKind())
	if err != nil {
		return false
	}
	for _, account := range []string{name, name + cache.AccountEnd} {
		if _, err := ks.Get(ctx, account); !errors.Is(err, keystore.ErrNotFound) {
			return false
		}
	}
	return true
}

// Removable returns the names of all profiles, and of the records in encrypted files and in the keychain whose
// profile is lost. If the keychain can't be asked, that is a warning.
func (m *Manager) Removable(ctx context.Context) ([]string, error) {
	names, err := m.Config.Names()
	if err != nil {
		return nil, err
	}
	names = slices.DeleteFunc(names, func(name string) bool { return m.mayChange(name) != nil })
	var records []string
	if m.Folders.Data != "" {
		if records, err = agefile.Accounts(m.Folders.Data); err != nil {
			return nil, err
		}
	}
	for _, account := range append(records, m.keychainAccounts(ctx)...) {
		name := strings.TrimSuffix(account, cache.AccountEnd)
		if profile.CheckName(name) == nil && !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names, nil
}

// keychainAccounts returns the accounts of all records in the keychain.
func (m *Manager) keychainAccounts(ctx context.Context) []string {
	ks, err := m.Keystore(profile.Keychain)
	if err != nil {
		return nil // the demo has no keychain
	}
	lister, ok := ks.(keystore.Lister)
	if !ok {
		return nil
	}
	all, err := lister.Accounts(ctx)
	switch {
	case err == nil:
	case errors.Is(err, keystore.ErrUnavailable):
		m.Report.Trace(1, "records in the keychain whose profile is lost were not looked for: %v", err)
	case errors.Is(err, keystore.ErrUnlisted):
		m.Report.Warn("records in the keychain whose profile is lost can't be found on this system: " +
			"if there is one, name it: cgp-cred logout NAME")
	default:
		m.Report.Warn("records in the keychain whose profile is lost were not looked for: %v", err)
	}
	return all
}
