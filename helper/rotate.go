package helper

import (
	"context"
	"errors"
	"fmt"

	"cgp-cred/helper/profile"
	"cgp-cred/keystore"
)

// Rotate puts a next key beside the current one. The first token that it obtains makes it the current key; until
// FinishRotation each of the two stands in for the other, because APIM may know either one for up to an hour longer or
// later than the Developer Hub does. seen is what MayRotate returned; empty: any record.
func (h *Helper) Rotate(ctx context.Context, name, seen string, next *keystore.Key) (Stored, error) {
	return h.change(ctx, name, func(r *keystore.Record) error {
		if seen != "" && seen != r.Rev {
			return &ChangedError{Profile: name, unwritten: true}
		}
		if err := mayRotate(name, next.KID, r); err != nil {
			return err
		}
		r.Next = next
		return nil
	})
}

// MayRotate says whether Rotate would to a key named kid, before that is made, and which record it saw.
func (h *Helper) MayRotate(ctx context.Context, name, kid string) (seen string, err error) {
	if err := h.keychainOnly(); err != nil {
		return "", err
	}
	p, err := h.Config.Load(name)
	if err != nil {
		return "", err
	}
	r, err := h.Record(ctx, p)
	if err != nil {
		return "", err
	}
	return r.Rev, mayRotate(name, kid, r)
}

func mayRotate(name, kid string, r *keystore.Record) error {
	switch {
	case r.Key == nil:
		return &IncompleteError{Profile: name, Missing: "private key"}
	case r.Next != nil:
		return &ChangeError{
			Profile: name, Problem: fmt.Sprintf("a next key is waiting already: %q", r.ShownKID(r.Next)),
			hint: fmt.Sprintf("register it: cgp-cred jwks %s; or drop it: cgp-cred rotate %s --abort", name, name),
		}
	case r.Previous != nil:
		return &ChangeError{
			Profile: name, Problem: fmt.Sprintf("the last rotation is not finished: %q is still kept", r.ShownKID(r.Previous)),
			hint: fmt.Sprintf("end it: cgp-cred rotate %s --finish", name),
		}
	case kid == r.Key.KID:
		return &ChangeError{
			Profile: name, Problem: fmt.Sprintf("kid %q is the current key's, and APIM would mistake the one for the other", r.ShownKID(r.Key)),
			hint: "choose a kid that was never used: --kid NEWKID",
		}
	}
	return keystore.CheckKID(kid, r.APIKey)
}

// FinishRotation drops the key that was replaced. A next key that has obtained no token yet is an error, and so is
// neither.
func (h *Helper) FinishRotation(ctx context.Context, name string) (Stored, error) {
	return h.change(ctx, name, func(r *keystore.Record) error {
		switch {
		case r.Next != nil:
			return &ChangeError{
				Profile: name, Problem: fmt.Sprintf("the next key %q has obtained no token yet", r.ShownKID(r.Next)),
				hint: fmt.Sprintf("register it (cgp-cred jwks %s), wait up to an hour, then: cgp-cred get %s --force-new", name, name),
			}
		case r.Previous == nil:
			return notRotating(name)
		}
		r.Previous = nil
		return nil
	})
}

// AbortRotation drops the new key, whether it is still the next one or the current one already.
func (h *Helper) AbortRotation(ctx context.Context, name string) (Stored, error) {
	return h.change(ctx, name, func(r *keystore.Record) error {
		switch {
		case r.Next != nil:
			r.Next = nil
		case r.Previous != nil:
			r.Key, r.Previous = r.Previous, nil
		default:
			return notRotating(name)
		}
		return nil
	})
}

func notRotating(name string) error {
	return &ChangeError{Profile: name, Problem: "no rotation is under way", hint: "begin one: cgp-cred rotate " + name + " --kid KID"}
}

// change applies f to a profile's record and writes both, under the profile's lock.
func (h *Helper) change(ctx context.Context, name string, f func(*keystore.Record) error) (Stored, error) {
	if err := h.keychainOnly(); err != nil {
		return Stored{}, err
	}
	t, err := h.turnToWrite(ctx, name)
	if err != nil {
		return Stored{}, err
	}
	defer t.end()
	ctx = t.ctx
	if err := h.settle(ctx, name); err != nil {
		return Stored{}, err
	}
	p, err := h.Config.Load(name)
	if err != nil {
		return Stored{}, err
	}
	r, err := h.Record(ctx, p)
	if err != nil {
		return Stored{}, err
	}
	was := r.Rev
	if err := f(r); err != nil {
		return Stored{}, err
	}
	h.forget(ctx, p)
	return Stored{Profile: p, Record: r}, h.write(ctx, p, was, r)
}

// write stores a changed record.
func (h *Helper) write(ctx context.Context, p *profile.Profile, was string, r *keystore.Record) error {
	r.Rev = keystore.NewRev()
	return h.put(ctx, p, was, r)
}

// put stores a record with its new rev, if what is there still has the rev that the change started from, then the file
// that goes with it. Every record is written here. The file is drafted before: on a disk that is full or can't be
// written both stay as they are.
func (h *Helper) put(ctx context.Context, p *profile.Profile, was string, r *keystore.Record) error {
	ks, err := h.KeystoreOf(p)
	if err != nil {
		return err
	}
	if err := h.describe(p, r); err != nil {
		return err
	}
	file, err := h.Config.Draft(p)
	if err != nil {
		return err
	}
	defer file.Discard()
	if err := keystore.Save(ctx, ks, p.Name, was, r); errors.Is(err, keystore.ErrChanged) {
		return &ChangedError{Profile: p.Name, unwritten: true}
	} else if err != nil {
		return err
	}
	if err := file.Save(); err != nil {
		return &staleError{profile: p.Name, err: err}
	}
	return nil
}

// staleError is a record that is written and a profile's file that is not.
type staleError struct {
	profile string
	err     error
}

func (e *staleError) Error() string {
	return fmt.Sprintf("profile %q: what was to be stored is stored, but its file is not up to date: %v", e.profile, e.err)
}

func (e *staleError) Unwrap() error { return e.err }

// describe lets a profile say what its record has.
func (h *Helper) describe(p *profile.Profile, r *keystore.Record) (err error) {
	p.Host, p.APIName, p.Auth, p.Rev = r.Host, r.APIName, r.Auth, r.Rev
	p.SignerSeal, err = h.sealSigners(p, r)
	return err
}

// promote makes the next key the current one, after it obtained a token. It is called under the profile's lock. What
// fails, or would have to wait for another change, is tried again with the next token.
func (h *Helper) promote(ctx context.Context, p *profile.Profile, r *keystore.Record) {
	release, ok := h.tryChange(p.Name)
	if !ok {
		h.trace(1, "profile %q is being changed: the next key becomes the current one with a later token", p.Name)
		return
	}
	defer release()
	r.Previous, r.Key, r.Next = r.Key, r.Next, nil
	if err := h.write(ctx, p, r.Rev, r); err != nil {
		h.warn(fmt.Sprintf("the next key works, but could not be made the current one: %v", err))
		return
	}
	h.warn(fmt.Sprintf("APIM knows the key %q now, and it is the current one; after an hour drop the old one: cgp-cred rotate %s --finish", r.ShownKID(r.Key), p.Name))
}
