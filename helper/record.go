package helper

import (
	"bytes"
	"context"
	"errors"
	"fmt"

	"cgp-cred/helper/apim"
	"cgp-cred/helper/profile"
	"cgp-cred/keystore"
	"cgp-cred/keystore/printable"
)

// MismatchError is a profile file that says something else than its record: the file only finds a record, and may not
// move a credential to another host.
type MismatchError struct {
	Profile, File string
	Field         string // the key of the profile's file
	Config        string // its value there
	Record        string // its value in the record
}

func (e *MismatchError) Error() string {
	return fmt.Sprintf("%s: %s is %q, but the credential was stored for %q: nothing was sent", e.File, e.Field, e.Config, e.Record)
}

// Hint is how to agree.
func (e *MismatchError) Hint() string {
	return fmt.Sprintf("put %s back into the file, or give the credential again with cgp-cred store %s --force", printable.Shell(e.Field+": "+e.Record), e.Profile)
}

// IncompleteError is a profile whose record lacks a part.
type IncompleteError struct {
	Profile string
	Missing string // "API key" or "private key"
}

func (e *IncompleteError) Error() string {
	return fmt.Sprintf("profile %q has no %s yet", e.Profile, e.Missing)
}

// Hint is the command that adds the part.
func (e *IncompleteError) Hint() string {
	if e.Missing == "API key" {
		return fmt.Sprintf("add it: cgp-cred store %s --api-key-file FILE (or without the flag, to be asked for it)", e.Profile)
	}
	return fmt.Sprintf("add it: cgp-cred keygen %s --kid KID, or cgp-cred store %s --private-key FILE --kid KID", e.Profile, e.Profile)
}

// GoneError is a profile whose record the keystore does not have.
type GoneError struct {
	Profile string
	place   profile.Place
	err     error
}

func (e *GoneError) Error() string {
	if e.place.Kind == profile.File || e.place.Kind == profile.Program {
		return fmt.Sprintf("profile %q exists, but there is no credential for it %s", e.Profile, e.place)
	}
	return fmt.Sprintf("profile %q exists, but the keychain holds no credential for it", e.Profile)
}

func (e *GoneError) Unwrap() error { return e.err }

// Hint names the usual reasons.
func (e *GoneError) Hint() string {
	var at *keystore.Error
	if e.place.Kind != profile.Keychain && errors.As(e.err, &at) && at.Next != "" {
		return at.Next
	}
	return "another keyring program may have taken over (KeePassXC, KWallet, gnome-keyring): start the one that was used\n" +
		fmt.Sprintf("or put the credential in again: cgp-cred store %s", e.Profile)
}

// tokenURL is where a record's tokens come from: its own token endpoint, else its host's.
func tokenURL(r *keystore.Record) string {
	if r.TokenURL != "" {
		return r.TokenURL
	}
	return apim.TokenURL(r.Host)
}

func is[T error](err error) bool {
	var target T
	return errors.As(err, &target)
}

// Record loads p's record as [Helper.Get] does, with the same errors, and holds the profile's file against it. A file that
// differs in rev alone, left by a store that was ended between its two writes, is mended, and p with it.
func (h *Helper) Record(ctx context.Context, p *profile.Profile) (*keystore.Record, error) {
	if p.Keystore == profile.Variables {
		return h.Environment.Record(p.Host)
	}
	r, err := h.loadFrom(ctx, p.Name, p.Place(), p.SignerSeal)
	if errors.Is(err, keystore.ErrNotFound) {
		return nil, &GoneError{Profile: p.Name, place: p.Place(), err: err}
	}
	if err != nil {
		return nil, err
	}
	for _, f := range []struct{ name, config, record string }{
		{"api_host", p.Host, r.Host},
		{"api_name", p.APIName, r.APIName},
		{"auth", p.Auth, r.Auth},
	} {
		if f.config != f.record {
			if _, err := h.reload(p); is[*ChangedError](err) {
				return nil, err // the record was read after a store, the file before it
			}
			return nil, &MismatchError{Profile: p.Name, File: p.File, Field: f.name, Config: f.config, Record: f.record}
		}
	}
	if p.Rev != r.Rev {
		h.mend(p, r.Rev)
	}
	return r, nil
}

// mend writes a profile's file with its record's rev, unless a command is at work that changes the profile: that writes the
// file itself, and this would put an older one in its place. A disk that can't be written must not cost the credential: the
// next one mends it.
func (h *Helper) mend(p *profile.Profile, rev string) {
	release, ok := h.tryChange(p.Name)
	if !ok {
		return
	}
	defer release()
	now, err := h.Config.Load(p.Name)
	if errors.Is(err, profile.ErrNoProfile) || err == nil && !bytes.Equal(now.Bytes, p.Bytes) {
		return // another command has written or removed it meanwhile
	}
	mended := *p
	mended.Rev, mended.ChangingTo = rev, ""
	if err := h.Config.Save(&mended); err != nil {
		h.warn(fmt.Sprintf("the file of profile %q is older than its record, and can't be brought up to date: %v", p.Name, err))
		return
	}
	*p = mended
}
