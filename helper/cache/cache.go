// Package cache keeps one access token for each profile, sealed: in this user's kernel keyring, otherwise in a second
// item of the keychain or in a file. If anything goes wrong with it, that is a miss, never a failed get.
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
	"cgp-cred/keystore/sealing"
)

// Options say which profile's token is kept, and where. Keychain and FileKey are used only without a kernel keyring; if
// both are nil, no token is kept then.
type Options struct {
	Profile     string            // its name
	Fingerprint []byte            // the bytes of the profile's file: when they change, no old token is served
	State       string            // folder of the sealing key, and of the files with tokens
	SealingKey  []byte            // 32 bytes, if the key is derived and not kept in State; nil: State/seal.key
	Keychain    keystore.Keystore // keeps the token as a second item
	FileKey     FileKey           // seals the token in a file; not used if there is a Keychain
	Warn        func(string)      // nil: silent
	Now         func() time.Time  // nil: time.Now
}

// FileKey returns the key of 32 bytes that seals a token in a file, which is not kept next to the file as it is. With
// create it makes a missing key; without, the error of a missing key is [sealing.ErrNoKey]. With any other error there
// is no cache.
type FileKey func(ctx context.Context, create bool) ([]byte, error)

// Cache is one profile's part of the token cache.
type Cache struct {
	o      Options
	sealer *sealing.Sealer // nil: no cache
	name   [sha256.Size]byte
	chosen place
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
		c.sealer, err = sealing.New(o.SealingKey)
	} else {
		c.sealer, err = sealing.Load(o.State)
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
func hash(sealer *sealing.Sealer, o Options) [sha256.Size]byte {
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

// AccountEnd follows the profile's name in the account of a token in a keystore.
const AccountEnd = "/token"

// Get returns the cached token. It returns false if there is no token, if the token can't be opened, or if it has
// expired. A token in the kernel's keyring is found in microseconds, and nothing else is touched.
func (c *Cache) Get(ctx context.Context) (Entry, bool) {
	plain, err := c.place().get(ctx)
	if errors.Is(err, errForged) { // a program without the sealing key wrote this entry
		_ = c.place().remove(ctx) // if it fails, the next Set replaces it
		c.o.Warn("another program is writing to this user's kernel keyring: " +
			"a cached token that cgp-cred did not write was removed")
	}
	if err != nil {
		return Entry{}, false
	}
	e, err := decode(plain)
	if err != nil || !c.o.Now().Before(e.Expiry) {
		return Entry{}, false
	}
	return e, true
}

// Set keeps the token until it expires, and replaces an older one. If there is no place for it, or the kernel's quota
// is used up, it is not kept, and that is no error. A keychain or a disk that fails is an error.
func (c *Cache) Set(ctx context.Context, e Entry) error {
	if c.sealer == nil || !c.o.Now().Before(e.Expiry) {
		return nil
	}
	plain, err := encode(e)
	if err != nil {
		return err
	}
	return c.place().set(ctx, plain, e.Expiry)
}

// Delete drops the token from where [Cache.Get] would find it, and its file in any case. An absent token is no error.
// If there is a kernel keyring, the keychain is not asked: a locked keychain must not keep a refused token alive.
func (c *Cache) Delete(ctx context.Context) error {
	return errors.Join(c.place().remove(ctx), c.file().remove(ctx))
}

// Purge drops the token from every place, which may still have one from a machine with another place for it.
func (c *Cache) Purge(ctx context.Context) error {
	err := errors.Join(keyring{c}.remove(ctx), c.file().purge())
	if c.o.Keychain != nil {
		err = errors.Join(err, item{c}.remove(ctx))
	}
	return err
}

// The places of tokens, as [Cache.Backend] returns them.
const (
	Keyring  = "keyring"
	Keychain = "keychain"
	File     = "file"
	None     = "none"
)

// Backend returns where tokens of this profile are kept.
func (c *Cache) Backend(ctx context.Context) string { return c.place().kind(ctx) }

// place returns the place of the token. It is the same as long as the Cache is used.
func (c *Cache) place() place {
	if c.chosen != nil {
		return c.chosen
	}
	switch {
	case c.sealer == nil:
		c.chosen = nowhere{}
	case kernel.Available():
		c.chosen = keyring{c}
	case c.o.Keychain != nil:
		c.chosen = item{c}
	case c.o.FileKey != nil && c.o.State != "":
		c.chosen = c.file()
	default:
		c.chosen = nowhere{}
	}
	return c.chosen
}
