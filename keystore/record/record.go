// Package record is all that a profile's credential depends on: what a keystore holds as one line, or the environment
// of a job.
package record

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"unicode/utf8"

	"cgp-cred/keystore"
	"cgp-cred/keystore/signer"
)

// Key is a signer, and the id under which its public key is registered.
type Key struct {
	KID    string        // any UTF-8; API Management enforces no format
	Signer signer.Signer // the record's own private key, or one that is kept outside it
}

// Methods of authentication.
const (
	JWT    = "jwt"    // a signed assertion is exchanged for an access token
	APIKey = "apikey" // the API key itself is sent
	None   = "none"   // a sandbox that needs no credential
)

// Record is everything that a profile's credential depends on, as the keychain holds it.
type Record struct {
	Rev       string          // changes with every change, see [NewRev]
	Host      string          // host or host:port that the credential is for
	APIName   string          // path that the credential is limited to; may be empty
	Auth      string          // JWT, APIKey or None
	APIKey    keystore.Secret // zero if there is no API key yet
	Key       *Key            // nil if there is no private key
	TokenURL  string          // empty: the default for Host
	Audience  string          // empty: the token URL
	Next      *Key            // during a rotation: the key to try first
	Variables bool            // the environment holds it, and no keystore does
	Previous  *Key            // after a promotion: the key that was replaced; at most one of Next and Previous is set

	FleetKey keystore.Secret // seals what the machines of a fleet share, see [Record.FleetSecret]; zero: derived
	Fleet    string          // only in a bundle: the URL of what they share
}

// NewRev returns 128 random bits in base64url.
func NewRev() string {
	b := make([]byte, 16)
	_, _ = rand.Read(b) // never returns an error: crypto/rand ends the program instead
	return base64.RawURLEncoding.EncodeToString(b)
}

// externalKey returns the first key that is outside the record, or nil.
func (r *Record) externalKey() *Key {
	for _, k := range r.Keys() {
		if signer.External(k.Signer) {
			return k
		}
	}
	return nil
}

// Permit sets may, which decides whether a program that one of the record's keys names may be run: see [signer.Permit].
func (r *Record) Permit(may func(argv []string) error) {
	for _, k := range r.Keys() {
		k.Signer = signer.Permit(k.Signer, may)
	}
}

// check returns an error if the record is one that cgp-cred never writes and never trusts.
func (r *Record) check() error {
	switch {
	case r.Rev == "":
		return errors.New("rev is empty")
	case r.Host == "":
		return errors.New("host is empty")
	case r.Auth != JWT && r.Auth != APIKey && r.Auth != None:
		return errors.New("auth is not jwt, apikey or none")
	case r.Next != nil && r.Previous != nil:
		return errors.New("it has both a next and a previous key")
	case r.Key == nil && (r.Next != nil || r.Previous != nil):
		return errors.New("it has a second key but no first")
	}
	for _, f := range []struct{ name, value string }{
		{"rev", r.Rev},
		{"host", r.Host},
		{"api_name", r.APIName},
		{"token_url", r.TokenURL},
		{"audience", r.Audience},
		{"fleet", r.Fleet},
	} {
		for i := range len(f.value) {
			if c := f.value[i]; c < ' ' || c > '~' {
				return fmt.Errorf("%s is not printable ASCII", f.name)
			}
		}
	}
	for _, k := range r.Keys() {
		if k.KID == "" || !utf8.ValidString(k.KID) {
			return errors.New("a key id is empty or not UTF-8")
		}
	}
	if n := len(r.FleetKey.Reveal()); n != 0 && n != fleetKeySize {
		return fmt.Errorf("fleet_key does not have %d bytes", fleetKeySize)
	}
	if !r.APIKey.IsZero() {
		return keystore.CheckAPIKey(string(r.APIKey.Reveal()))
	}
	return nil
}

// Load reads the record of a profile. Errors are the keystore's, [keystore.ErrCorrupt] and [keystore.ErrNewer].
func Load(ctx context.Context, ks keystore.Keystore, profile string) (*Record, error) {
	s, err := ks.Get(ctx, profile)
	if err != nil {
		return nil, err
	}
	r, err := decode(s, profile)
	var e *keystore.Error
	if errors.As(err, &e) {
		e.Op, e.Account = "get", profile
	}
	return r, err
}

// Save writes the record of a profile if the rev of the stored record is still was, which is empty for a new record. If
// it is not, another command has changed the record, and could lose its only key: [keystore.ErrChanged]. Save never
// overwrites a record that a newer version wrote ([keystore.ErrNewer]) or that can't be read. It does overwrite a
// damaged one, as if there were no record.
func Save(ctx context.Context, ks keystore.Keystore, profile, was string, r *Record) error {
	s, err := r.Encode()
	if err != nil {
		var e *keystore.Error
		if errors.As(err, &e) {
			e.Op, e.Account = "set", profile
		}
		return err
	}
	now := ""
	switch there, err := Load(ctx, ks, profile); {
	case err == nil:
		now = there.Rev
	case !errors.Is(err, keystore.ErrNotFound) && !errors.Is(err, keystore.ErrCorrupt):
		return err
	}
	if now != was {
		return &keystore.Error{Kind: keystore.ErrChanged, Op: "set", Account: profile}
	}
	if c, ok := ks.(keystore.Conditional); ok {
		return c.SetIf(ctx, profile, was, s)
	}
	return ks.Set(ctx, profile, s)
}
