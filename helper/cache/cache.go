// Package cache keeps one access token for each profile, sealed: in this user's kernel keyring, or in a second item
// of the keychain if there is no kernel keyring. If anything goes wrong with it, that is a miss, never a failed get.
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

// Options say which profile's token is kept, and where.
type Options struct {
	Profile     string            // its name
	Fingerprint []byte            // the bytes of the profile's file: when they change, no old token is served
	State       string            // folder of the sealing key
	SealingKey  []byte            // 32 bytes, if the key is derived and not kept in State; nil: State/seal.key
	Keychain    keystore.Keystore // used only without a kernel keyring; nil: then no token is kept
	Warn        func(string)      // nil: silent
	Now         func() time.Time  // nil: time.Now
}

// Cache is one profile's part of the token cache.
type Cache struct {
	o      Options
	sealer *kernel.Sealer // nil: no cache
	name   [sha256.Size]byte
}

// Open returns the profile's cache, and makes the sealing key if there is no key yet. If another user could read or
// write the sealing key, it warns, and nothing is cached.
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

// formatVersion changes when the format of cached entries changes.
const formatVersion = 1

// hash binds an entry to everything that decides which token is the right one. Sizes come first, so that no two
// profiles have the same bytes.
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

// Name returns a hash of the format's version, the sealing key, and the profile's name and file: 43 characters of
// base64url. Everything that must not outlive a change of the profile is bound to it, such as a refusal.
func (c *Cache) Name() string { return base64.RawURLEncoding.EncodeToString(c.name[:]) }

// BoundTo reports whether the cache belongs to a profile's file with these bytes.
func (c *Cache) BoundTo(fingerprint []byte) bool { return bytes.Equal(c.o.Fingerprint, fingerprint) }

func (c *Cache) key() string { return "cgp-cred:" + c.Name() }

func (c *Cache) account() string { return c.o.Profile + AccountEnd }

// AccountEnd follows the profile's name in the account of a token in a keystore.
const AccountEnd = "/token"

// Get returns the cached token. It returns false if there is no token, if the token can't be opened, or if it has
// expired. A token in the kernel's keyring is found in microseconds, and nothing else is touched.
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
	if err != nil { // a program without the sealing key wrote this entry
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
	if err != nil { // perhaps a token from before a change of the profile: the item's name has no hash
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

// Set keeps the token until it expires, and replaces an older one. If there is no place for it, or the kernel's quota
// is used up, it is not kept, and that is no error. A keychain that fails is an error.
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

// makeRoom removes the older token, which would be served instead of this one, and tries once more.
func (c *Cache) makeRoom(sealed []byte, life time.Duration) error {
	if err := kernel.Delete(c.key()); err != nil {
		return nil //nolint:nilerr // there is no older token, or it can't be removed: the token is not cached
	}
	if err := kernel.Set(c.key(), sealed, life); !errors.Is(err, kernel.ErrUnavailable) {
		return err
	}
	return nil
}

// Delete drops the token from where [Cache.Get] would find it. An absent token is no error. If there is a kernel
// keyring, the keychain is not asked: a locked keychain must not keep a refused token alive.
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

// Purge drops the token from the kernel's keyring and from the keychain, which may still have a token from a machine
// without a kernel keyring.
func (c *Cache) Purge(ctx context.Context) error {
	err := kernel.Delete(c.key())
	if errors.Is(err, kernel.ErrNotFound) || errors.Is(err, kernel.ErrUnavailable) {
		err = nil
	}
	return errors.Join(err, c.deleteItem(ctx))
}

// deleteItem drops the keychain's item. An absent item is no error.
func (c *Cache) deleteItem(ctx context.Context) error {
	if c.o.Keychain == nil {
		return nil
	}
	if err := c.o.Keychain.Delete(ctx, c.account()); err != nil && !errors.Is(err, keystore.ErrNotFound) {
		return err
	}
	return nil
}

// Backend returns where tokens of this profile are kept: "keyring", "keychain" or "none".
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
