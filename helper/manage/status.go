package manage

import (
	"context"
	"errors"
	"slices"
	"time"

	"cgp-cred/helper/apim"
	"cgp-cred/helper/cache"
	"cgp-cred/helper/profile"
	"cgp-cred/helper/records"
	"cgp-cred/keystore"
	"cgp-cred/keystore/record"
	"cgp-cred/keystore/signer"
)

// Status is what a profile's record and cache hold. It has no secret.
type Status struct {
	Keystore   string // ok, absent, locked, denied, timeout, unavailable, corrupt, newer, mismatch, error
	Err        error  // why Keystore is not ok; nil if it is
	KID        string
	Thumbprint string // RFC 7638
	KeyBits    int
	Signer     string    // keychain, ssh-agent or exec; empty: no key
	Where      string    // place of the private key, in words; empty: in the record
	NextKID    string    // while rotating
	OldKID     string    // after a rotation that is not finished
	TokenURL   string    // where tokens come from; empty for other methods
	APIKey     string    // its label; "set" if it is too short for a label; empty: no API key
	Cache      string    // keyring, keychain, file, none
	Expires    time.Time // when the cached token expires; zero: no cached token

	FleetExpires time.Time // when the token that all machines share expires; zero: no token
	FleetErr     error     // why they share none
	Reader       bool      // it can only read that token
}

// Status returns what the keystore, which may ask for its password, and the cache hold.
func (m *Manager) Status(ctx context.Context, p *profile.Profile) Status {
	s := Status{Cache: cache.None}
	r, err := m.Load(ctx, p)
	s.Err, s.Keystore = err, stateOf(err)
	if err == nil {
		s.fill(r)
		if f := m.Fleet(p, r); f != nil {
			e, _, err := f.Token(ctx)
			s.FleetExpires, s.FleetErr = e.Expiry, err
		}
	}
	if p.Auth == profile.JWT {
		s.Cache, s.Expires = m.Cached(ctx, p)
	}
	return s
}

// Cached returns where p's token is cached (keyring, keychain, file, none), and when it expires; zero: none is cached.
func (m *Manager) Cached(ctx context.Context, p *profile.Profile) (backend string, expires time.Time) {
	c := m.Cache(p)
	if e, ok := c.Get(ctx); ok {
		expires = e.Expiry
	}
	return c.Backend(ctx), expires
}

// fill copies a record's public parts.
func (s *Status) fill(r *record.Record) {
	if s.APIKey = r.APIKeyLabel(); s.APIKey == "" && !r.APIKey.IsZero() {
		s.APIKey = "set"
	}
	s.Reader = r.Reader()
	if r.Next != nil {
		s.NextKID = r.ShownKID(r.Next)
	}
	if r.Previous != nil {
		s.OldKID = r.ShownKID(r.Previous)
	}
	if r.Key == nil {
		return
	}
	s.KID = r.ShownKID(r.Key)
	s.TokenURL = records.TokenURL(r)
	s.KeyBits, s.Signer, s.Where = signer.Bits(r.Key.Signer), r.Key.Signer.Kind(), r.Key.Signer.Where()
	if k, err := apim.NewJWK(r.Key.Signer.Public(), r.Key.KID); err == nil {
		s.Thumbprint = k.Thumbprint()
	}
}

// stateOf returns the word for an error of the keystore.
func stateOf(err error) string {
	if err == nil {
		return "ok"
	}
	for _, s := range []struct {
		kind error
		word string
	}{
		{records.ErrMismatch, "mismatch"},
		{keystore.ErrNotFound, "absent"},
		{keystore.ErrLocked, "locked"},
		{keystore.ErrDenied, "denied"},
		{keystore.ErrTimeout, "timeout"},
		{keystore.ErrUnavailable, "unavailable"},
		{keystore.ErrCorrupt, "corrupt"},
		{keystore.ErrNewer, "newer"},
	} {
		if errors.Is(err, s.kind) {
			return s.word
		}
	}
	return "error"
}

// PublicKeys returns the keys to register: the current one, and while rotating the next or previous one.
func (m *Manager) PublicKeys(ctx context.Context, p *profile.Profile) ([]apim.JWK, error) {
	r, err := m.Load(ctx, p)
	if err != nil {
		return nil, err
	}
	if err := r.CheckKIDs(); err != nil {
		m.Report.Warn("the key set has a kid that should not be public: %v", err)
	}
	return Keys(p.Name, r)
}

// Keys returns the public keys of a record.
func Keys(name string, r *record.Record) ([]apim.JWK, error) {
	var keys []apim.JWK
	for _, k := range slices.Backward(r.Keys()) {
		jwk, err := apim.NewJWK(k.Signer.Public(), k.KID)
		if err != nil {
			return nil, err
		}
		keys = append(keys, jwk)
	}
	if len(keys) == 0 {
		return nil, records.Incomplete(name, "private key")
	}
	return keys, nil
}
