package helper

import (
	"context"

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
	return profile.Place{Kind: h.newKind()}
}

// newKind is the kind of keystore in which a new record is kept.
func (h *Helper) newKind() string {
	if h.NewKeystore != "" {
		return h.NewKeystore
	}
	return profile.Keychain
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
