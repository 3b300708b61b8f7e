// Package cache keeps one access token for each profile: sealed, in the kernel's keyring of this user, or where there
// is none as a second item in the keychain. Whatever goes wrong with it is a miss, never a failed get.
package cache

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"time"

	"cgp-cred/keystore"
	"cgp-cred/keystore/fault"
	"cgp-cred/keystore/kernel"
)

// Options say whose token is kept and where.
type Options struct {
	Profile     string            // its name
	Fingerprint []byte            // the bytes of the profile's file: when they change, no old token is served
	State       string            // folder of the sealing key
	SealingKey  []byte            // 32 bytes, where the key is derived and not kept in State; nil: State/seal.key
	Keychain    keystore.Keystore // used only where there is no kernel keyring; nil: no cache there
	Warn        func(string)      // nil: silent
	Now         func() time.Time  // nil: time.Now
}

// Cache is one profile's place in the token cache.
type Cache struct {
	o      Options
	sealer *kernel.Sealer // nil: no cache
	name   [sha256.Size]byte
}

// Open finds the profile's place, and makes the sealing key where there is none yet. Without a sealing key that only
// this user can have written and read it warns, and nothing is cached.
func Open(o Options) *Cache {
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Warn == nil {
		o.Warn = func(string) {}
	}
	c := &Cache{o: o}
	var err error
	if o.SealingKey != nil {
		c.sealer, err = kernel.NewSealer(o.SealingKey)
	} else {
		c.sealer, err = kernel.OpenSealer(o.State)
	}
	if err != nil {
		o.Warn("the token is not cached: " + fault.OneLine(err))
	}
	c.name = hash(c.sealer, o)
	return c
}

// formatVersion changes when what lies in the cache changes its form.
const formatVersion = 1

// hash binds an entry to all that decides which token is the right one. Sizes come first, so that no two profiles
// have the same bytes.
func hash(sealer *kernel.Sealer, o Options) [sha256.Size]byte {
	var id [8]byte
	if sealer != nil {
		id = sealer.ID()
	}
	h := sha256.New()
	h.Write([]byte("cgp-cred token cache\x00"))
	h.Write([]byte{formatVersion})
	h.Write(id[:])
	h.Write(binary.BigEndian.AppendUint64(nil, uint64(len(o.Profile))))
	h.Write([]byte(o.Profile))
	h.Write(o.Fingerprint)
	return [sha256.Size]byte(h.Sum(nil))
}

// Name is a hash of the format's version, the sealing key, and the profile's name and file: 43 characters of
// base64url. What must not outlive a change of the profile binds to it, locks and refusals too.
func (c *Cache) Name() string { return base64.RawURLEncoding.EncodeToString(c.name[:]) }

// BoundTo reports whether the cache is that of a profile's file with these bytes.
func (c *Cache) BoundTo(fingerprint []byte) bool { return bytes.Equal(c.o.Fingerprint, fingerprint) }

func (c *Cache) key() string { return "cgp-cred:" + c.Name() }

func (c *Cache) account() string { return c.o.Profile + AccountEnd }

// AccountEnd is what a token's account in a keystore has after the profile's name.
const AccountEnd = "/token"

// Get returns the cached token, false where there is none, or none that can be opened, or where its time is over.
// A token that is found in the kernel's keyring costs microseconds and touches nothing else.
func (c *Cache) Get(ctx context.Context) (Entry, bool) {
	if c.sealer == nil {
		return Entry{}, false
	}
	sealed, err := kernel.Get(c.key())
	switch {
	case errors.Is(err, kernel.ErrUnavailable):
		return c.fromKeychain(ctx)
	case errors.Is(err, kernel.ErrNotFound):
		return Entry{}, false
	}
	var e Entry
	if err == nil {
		e, err = c.open(sealed)
	}
	if err != nil { // a program without the sealing key wrote this
		_ = kernel.Delete(c.key()) // if it fails, the next Set replaces it
		c.o.Warn("another program is writing to this user's kernel keyring: " +
			"a cached token that cgp-cred did not write was removed")
		return Entry{}, false
	}
	return c.alive(e)
}

func (c *Cache) fromKeychain(ctx context.Context) (Entry, bool) {
	if c.o.Keychain == nil {
		return Entry{}, false
	}
	text, err := c.o.Keychain.Get(ctx, c.account())
	if err != nil {
		return Entry{}, false
	}
	sealed, err := base64.StdEncoding.DecodeString(string(text.Reveal()))
	if err != nil {
		return Entry{}, false
	}
	e, err := c.open(sealed)
	if err != nil { // also the token of the profile as it was before a change: the item's name has no hash
		return Entry{}, false
	}
	return c.alive(e)
}

func (c *Cache) open(sealed []byte) (Entry, error) {
	plain, err := c.sealer.Open(c.name[:], sealed)
	if err != nil {
		return Entry{}, err
	}
	return decode(plain)
}

func (c *Cache) alive(e Entry) (Entry, bool) {
	if !c.o.Now().Before(e.Expiry) {
		return Entry{}, false
	}
	return e, true
}

// Set keeps the token until its expiry, in the place of an older one. Without a place for it, or where the kernel's
// quota is used up, it is not kept and that is no error; a keychain that fails is.
func (c *Cache) Set(ctx context.Context, e Entry) error {
	life := e.Expiry.Sub(c.o.Now())
	if c.sealer == nil || life <= 0 {
		return nil
	}
	plain, err := encode(e)
	if err != nil {
		return err
	}
	sealed := c.sealer.Seal(c.name[:], plain)
	err = kernel.Set(c.key(), sealed, life)
	if errors.Is(err, kernel.ErrQuota) {
		return c.makeRoom(sealed, life)
	}
	if errors.Is(err, kernel.ErrUnavailable) {
		if c.o.Keychain == nil {
			return nil
		}
		return c.o.Keychain.Set(ctx, c.account(), keystore.NewSecret([]byte(base64.StdEncoding.EncodeToString(sealed))))
	}
	return err
}

// makeRoom removes the older token, which would be served in this one's place, and tries once more.
func (c *Cache) makeRoom(sealed []byte, life time.Duration) error {
	if err := kernel.Delete(c.key()); err != nil {
		return nil //nolint:nilerr // none was there, or it can't be helped: no cache, no error
	}
	if err := kernel.Set(c.key(), sealed, life); !errors.Is(err, kernel.ErrUnavailable) {
		return err
	}
	return nil
}

// Delete drops the token from where [Cache.Get] would find it; absent is no error. Where there is a kernel keyring the
// keychain is not asked: a locked one must not keep a refused token alive.
func (c *Cache) Delete(ctx context.Context) error {
	err := kernel.Delete(c.key())
	switch {
	case errors.Is(err, kernel.ErrNotFound):
		return nil
	case errors.Is(err, kernel.ErrUnavailable):
		return c.deleteItem(ctx)
	}
	return err
}

// Purge drops the token from every place: with the profile goes what a machine without a kernel keyring left behind.
func (c *Cache) Purge(ctx context.Context) error {
	err := kernel.Delete(c.key())
	if errors.Is(err, kernel.ErrNotFound) || errors.Is(err, kernel.ErrUnavailable) {
		err = nil
	}
	return errors.Join(err, c.deleteItem(ctx))
}

// deleteItem drops the keychain's item; absent is no error.
func (c *Cache) deleteItem(ctx context.Context) error {
	if c.o.Keychain == nil {
		return nil
	}
	if err := c.o.Keychain.Delete(ctx, c.account()); err != nil && !errors.Is(err, keystore.ErrNotFound) {
		return err
	}
	return nil
}

// Backend says where tokens of this profile are kept: "keyring", "keychain" or "none".
func (c *Cache) Backend(_ context.Context) string {
	if c.sealer == nil {
		return "none"
	}
	if _, err := kernel.Get(c.key()); !errors.Is(err, kernel.ErrUnavailable) {
		return "keyring"
	}
	if c.o.Keychain != nil {
		return "keychain"
	}
	return "none"
}
