package helper

import (
	"context"
	"errors"
	"fmt"
	"os"

	"cgp-cred/helper/profile"
	"cgp-cred/keystore"
	"cgp-cred/keystore/disk"
)

// Removed says what a logout found and removed.
type Removed struct {
	Profile bool // its file
	Record  bool // its keys in the keystore
}

// Logout removes a profile's cached token, record and file, in that order: where the keystore can't be reached nothing
// is lost sight of. What is absent already is no error.
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
	p, err := h.Config.Load(name)
	switch {
	case err == nil:
		_ = h.cache(p).Purge(ctx) // what fails here fails again below, with the record
	case is[*disk.UnsafeError](err): // nor will its file be removed: the keys stay with it
		return done, err
	}
	ks, err := h.openPlace(name, h.place(name))
	if err != nil {
		return done, err
	}
	err = ks.Delete(ctx, name)
	done.Record = err == nil
	if err != nil && !errors.Is(err, keystore.ErrNotFound) {
		return done, err
	}
	if done.Profile, err = h.Config.Remove(name); err != nil && done.Record {
		err = fmt.Errorf("its keys are removed, its file is not: %w", err)
	}
	for _, file := range []string{h.refusalFile(name), h.earlyFile(name), h.lockFile(name)} {
		_ = os.Remove(file) // neither holds a secret
	}
	return done, err
}
