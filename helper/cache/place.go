package cache

import (
	"context"
	"encoding/base64"
	"errors"
	"time"

	"cgp-cred/keystore"
	"cgp-cred/keystore/kernel"
)

// place is where a profile's token is kept.
type place interface {
	kind(ctx context.Context) string

	// get returns what set was given. Its error is errForged if another program wrote what is there.
	get(ctx context.Context) ([]byte, error)
	// set seals an encoded entry, and keeps it until it expires.
	set(ctx context.Context, plain []byte, expiry time.Time) error
	// remove removes it. It is no error if it is absent.
	remove(ctx context.Context) error
}

// Errors of place.get.
var (
	errAbsent = errors.New("no token is kept")
	errForged = errors.New("it was not sealed with this key")
)

// nowhere is the place without a sealing key, or without anything that could keep the token.
type nowhere struct{}

func (nowhere) kind(context.Context) string                  { return None }
func (nowhere) get(context.Context) ([]byte, error)          { return nil, errAbsent }
func (nowhere) set(context.Context, []byte, time.Time) error { return nil }
func (nowhere) remove(context.Context) error                 { return nil }

// keyring is this user's keyring in the Linux kernel.
type keyring struct{ *Cache }

func (keyring) kind(context.Context) string { return Keyring }

func (k keyring) key() string { return "cgp-cred:" + k.Name() }

func (k keyring) get(context.Context) ([]byte, error) {
	sealed, err := kernel.Get(k.key())
	switch {
	case errors.Is(err, kernel.ErrNotFound), errors.Is(err, kernel.ErrUnavailable):
		return nil, errAbsent
	case err != nil:
		return nil, errForged
	}
	plain, err := k.sealer.Open(k.name[:], sealed)
	if err != nil {
		return nil, errForged
	}
	if _, err := decode(plain); err != nil {
		return nil, errForged
	}
	return plain, nil
}

func (k keyring) set(_ context.Context, plain []byte, expiry time.Time) error {
	sealed, life := k.sealer.Seal(k.name[:], plain), expiry.Sub(k.o.Now())
	err := kernel.Set(k.key(), sealed, life)
	if errors.Is(err, kernel.ErrQuota) {
		// The older token would be served instead of this one. If it is absent or stays, this one is not kept.
		if kernel.Delete(k.key()) != nil {
			return nil
		}
		err = kernel.Set(k.key(), sealed, life)
	}
	if errors.Is(err, kernel.ErrUnavailable) {
		return nil
	}
	return err
}

func (k keyring) remove(context.Context) error {
	err := kernel.Delete(k.key())
	if errors.Is(err, kernel.ErrNotFound) || errors.Is(err, kernel.ErrUnavailable) {
		return nil
	}
	return err
}

// item is a second item of the profile in its keychain.
type item struct{ *Cache }

func (item) kind(context.Context) string { return Keychain }

func (i item) account() string { return i.o.Profile + AccountEnd }

func (i item) get(ctx context.Context) ([]byte, error) {
	text, err := i.o.Keychain.Get(ctx, i.account())
	if err != nil {
		return nil, errAbsent
	}
	sealed, err := base64.StdEncoding.DecodeString(string(text.Reveal()))
	if err != nil {
		return nil, errAbsent
	}
	plain, err := i.sealer.Open(i.name[:], sealed)
	if err != nil { // perhaps a token from before a change of the profile: the item's name has no hash
		return nil, errAbsent
	}
	return plain, nil
}

func (i item) set(ctx context.Context, plain []byte, _ time.Time) error {
	text := base64.StdEncoding.EncodeToString(i.sealer.Seal(i.name[:], plain))
	return i.o.Keychain.Set(ctx, i.account(), keystore.NewSecret([]byte(text)))
}

func (i item) remove(ctx context.Context) error {
	if err := i.o.Keychain.Delete(ctx, i.account()); err != nil && !errors.Is(err, keystore.ErrNotFound) {
		return err
	}
	return nil
}
