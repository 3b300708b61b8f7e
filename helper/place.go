package helper

import (
	"context"
	"errors"
	"fmt"

	"cgp-cred/helper/profile"
	"cgp-cred/keystore"
)

// KeystoreOf opens the keystore that holds p's record.
func (h *Helper) KeystoreOf(p *profile.Profile) (keystore.Keystore, error) {
	return h.openPlace(p.Name, p.Place())
}

// openPlace opens the keystore in a place. A program is run only where its command was given on this machine.
func (h *Helper) openPlace(name string, place profile.Place) (keystore.Keystore, error) {
	if place.Kind != profile.File && place.Kind != profile.Program {
		return h.Keystore(place.Kind)
	}
	if place.Kind == profile.Program && !h.sealed(name, place) {
		return nil, &CommandError{Profile: name, Command: place.Command}
	}
	if h.Place == nil {
		return nil, &keystore.Error{Kind: keystore.ErrUnavailable, Op: "get", Account: name, Detail: "keystore: " + place.Kind}
	}
	return h.Place(place)
}

// place is where a profile's record is: where its file says, else where new ones go.
func (h *Helper) place(name string) profile.Place {
	if p, err := h.Config.Load(name); err == nil {
		return p.Place()
	}
	if h.NewKeystore != "" {
		return profile.Place{Kind: h.NewKeystore}
	}
	return profile.Place{Kind: profile.Keychain}
}

// moved is a record that a change starts from, where it was found, and where it goes.
type moved struct {
	record   *keystore.Record // nil: there is none
	from, to profile.Place
	signers  string // the profile's seal of commands that sign
}

// find looks for a profile's record, given where it is to be: nil for where it is. A place that is given is one that the
// user means, and its command may be run.
func (h *Helper) find(ctx context.Context, name string, to *profile.Place) (moved, error) {
	m := moved{from: h.place(name)}
	now, absent := h.Config.Load(name)
	if absent == nil {
		m.signers = now.SignerSeal
	}
	if to == nil {
		m.to = m.from
		return m, h.load(ctx, name, &m)
	}
	var err error
	if m.to, err = h.seal(name, *to); err != nil {
		return m, err
	}
	switch {
	case absent != nil || m.from.Same(m.to):
		if absent == nil && h.sealed(name, m.from) {
			m.to = m.from // a seal that is good stays, and the file with it
		}
		m.from = m.to
	case m.from.Kind == profile.File && m.to.Kind == profile.File && m.from.Identity != "" && m.to.Identity != "":
		return m, &ChangeError{
			Profile: name, Problem: "its file is encrypted for another identity",
			hint: fmt.Sprintf("go through a passphrase: cgp-cred store %s --keystore file, then give --identity", name),
		}
	case m.from.Kind == profile.Program && m.to.Kind == profile.Program:
		there := moved{from: m.to, signers: m.signers} // the program may only have another path now, and the old one be gone
		if err := h.load(ctx, name, &there); err == nil && there.record != nil {
			m.from, m.record = m.to, there.record
			return m, nil
		}
	}
	return m, h.load(ctx, name, &m)
}

// load reads the record in m.from; none is no error.
func (h *Helper) load(ctx context.Context, name string, m *moved) (err error) {
	m.record, err = h.loadFrom(ctx, name, m.from, m.signers)
	if errors.Is(err, keystore.ErrNotFound) {
		return nil
	}
	return err
}

// loadFrom reads a record. All records are read here: it decides which of the programs that they name may be run.
func (h *Helper) loadFrom(ctx context.Context, name string, in profile.Place, signers string) (*keystore.Record, error) {
	ks, err := h.openPlace(name, in)
	if err != nil {
		return nil, err
	}
	r, err := keystore.Load(ctx, ks, name)
	if err != nil {
		return nil, err
	}
	h.permit(name, in, signers, r)
	return r, nil
}

// mayMove refuses to write over another record in the place that a record moves to. One with the same key is what a move
// that was ended has left. It returns the rev of what is there, empty where nothing is.
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

// leave removes the record from where it was, after it was read back from where it is.
func (h *Helper) leave(ctx context.Context, name string, m moved) {
	if m.from.Same(m.to) {
		return
	}
	ks, err := h.openPlace(name, m.from)
	if err == nil {
		err = ks.Delete(ctx, name)
	}
	if err != nil && !errors.Is(err, keystore.ErrNotFound) {
		h.warn(fmt.Sprintf("the record is still %s too: %v", m.from, err))
	}
}
