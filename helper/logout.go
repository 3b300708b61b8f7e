package helper

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"

	"cgp-cred/helper/profile"
	"cgp-cred/keystore"
	"cgp-cred/keystore/agefile"
	"cgp-cred/keystore/disk"
	"cgp-cred/keystore/printable"
)

// Removed says what a logout found and removed.
type Removed struct {
	Profile bool // its file
	Record  bool // its keys in the keystore
}

// Logout removes a profile's cached token, its record wherever one of this name can be, and its file, in that order: where
// the profile's own keystore can't be reached nothing is lost sight of. What is absent already is no error.
func (h *Helper) Logout(ctx context.Context, name string) (Removed, error) {
	if err := profile.CheckName(name); err != nil {
		return Removed{}, err
	}
	var done Removed
	if err := h.keychainOnly(); err != nil {
		return done, err
	}
	t, err := h.turnToChange(ctx, name)
	if err != nil {
		return done, err
	}
	defer t.end()
	ctx = t.ctx
	p, loadErr := h.Config.Load(name)
	switch {
	case loadErr == nil:
		_ = h.cache(p).Purge(ctx) // what fails here fails again below, with the record
	case is[*disk.UnsafeError](loadErr): // nor will its file be removed: the keys stay with it
		return done, loadErr
	}
	if done.Record, err = h.removeRecords(ctx, name, loadErr == nil); err != nil {
		return done, err
	}
	if loadErr == nil && h.removeCopies(ctx, p) {
		done.Record = true
	}
	if done.Profile, err = h.Config.Remove(name); err != nil && done.Record {
		err = fmt.Errorf("its keys are removed, its file is not: %w", err)
	}
	for _, file := range []string{h.refusalFile(name), h.earlyFile(name), h.lockFile(name), h.changePath(name) + lockEnd} {
		_ = os.Remove(file) // neither holds a secret
	}
	return done, err
}

// removeRecords removes the record of a name from its keystore, and from every other one that may have one: a move that
// was killed leaves a copy, and a profile's file can be lost or damaged. Of the others one that can't be asked is a warning.
func (h *Helper) removeRecords(ctx context.Context, name string, known bool) (removed bool, err error) {
	own := h.place(name)
	if known {
		if removed, err = h.removeRecord(ctx, name, own); err != nil {
			return removed, err
		}
	}
	for _, other := range h.otherPlaces(own, known) {
		gone, err := h.removeRecord(ctx, name, other)
		removed = removed || gone
		switch {
		case err == nil:
		case errors.Is(err, keystore.ErrUnavailable) && (known || removed): // there is none on this machine
			h.trace(1, "a record %s was not looked for: %v", other, err)
		case known:
			h.warn(fmt.Sprintf("a record of this name %s was not looked for: %v", other, err))
		default:
			return removed, err
		}
	}
	return removed, nil
}

// removeCopies removes the copies that a move has left behind programs: those in other places are looked for in any case.
func (h *Helper) removeCopies(ctx context.Context, p *profile.Profile) (removed bool) {
	for _, c := range p.MovingFrom {
		if c.Kind != profile.Program {
			continue
		}
		one, _, err := h.removeCopy(ctx, p, c, true)
		removed = removed || one
		if err != nil {
			by := printable.Shell(append(slices.Clone(c.Command), "erase", p.Name)...)
			h.warn(fmt.Sprintf("a copy of the record may still be %s: %v; remove it there: %s", c.Place, err, by))
		}
	}
	return removed
}

// otherPlaces are those that may have a record without the profile's file saying so, the keychain last: it may ask.
func (h *Helper) otherPlaces(own profile.Place, known bool) []profile.Place {
	var all []profile.Place
	for _, place := range []profile.Place{
		{Kind: profile.File},
		{Kind: profile.File, Identity: "/"}, // any: only the name of the file depends on it
		{Kind: profile.Keychain},
	} {
		same := own.Kind == place.Kind && (own.Identity == "") == (place.Identity == "")
		if known && (same || own.Kind == profile.Memory) || place.Kind == profile.File && h.Place == nil {
			continue
		}
		all = append(all, place)
	}
	if !known && own.Kind != profile.Keychain { // where new records go
		all = append(all, own)
	}
	return all
}

func (h *Helper) removeRecord(ctx context.Context, name string, place profile.Place) (removed bool, err error) {
	ks, err := h.openPlace(name, place)
	if err != nil {
		return false, err
	}
	err = ks.Delete(ctx, name)
	if errors.Is(err, keystore.ErrNotFound) {
		return false, nil
	}
	return err == nil, err
}

// Removable are the names of all profiles, and of records in encrypted files whose profile is lost.
func (h *Helper) Removable() ([]string, error) {
	names, err := h.Config.Names()
	if err != nil || h.Folders.Data == "" {
		return names, err
	}
	records, err := agefile.Accounts(h.Folders.Data)
	for _, name := range records {
		if profile.CheckName(name) == nil && !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	return names, err
}
