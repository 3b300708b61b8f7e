// Package helper obtains credentials: a cached token if there is a fresh one, else a new one minted by one process at a
// time from the key in the keystore. It also puts keys into the keystore and takes them out.
package helper

import (
	"context"
	"crypto/subtle"
	"errors"
	"fmt"
	"time"

	"cgp-cred/helper/apim"
	"cgp-cred/helper/cache"
	"cgp-cred/helper/profile"
	"cgp-cred/keystore"
	"cgp-cred/keystore/disk"
)

// Helper knows where things are. All fields but those marked are needed.
type Helper struct {
	Config      profile.Config
	Folders     disk.Folders
	Environment *keystore.Environment                          // nil: the keystore holds the credentials
	Keystore    func(kind string) (keystore.Keystore, error)   // opens the keystore that a profile names
	Place       func(profile.Place) (keystore.Keystore, error) // opens an encrypted file, or a program; nil: there are none
	NewKeystore string                                         // kind of a new profile's keystore; empty: keychain
	APIM        func() (*apim.Client, error)                   // made only when a token is minted
	Timeout     time.Duration                                  // all attempts of one mint; 0: 25 s
	Warn        func(text string)                              // nil: warnings are dropped
	Trace       func(level int, text string)                   // nil: silent; 1: what happens, 2: details of requests
	Now         func() time.Time                               // nil: time.Now
	WaitingFor  func(where string)                             // nil, or called when a key outside the record has not signed for 2 s

	attempts uint // of one mint with one key; 0: maxAttempts
}

// DefaultMinValid is the least life left in a cached token that is served.
const DefaultMinValid = 60 * time.Second

// Options say which credential will do.
type Options struct {
	MinValid time.Duration // least life left in a cached token, at most half its whole life; 0: DefaultMinValid
	ForceNew bool          // mint, whatever is cached
}

// Get returns p's credential. A fresh cached token costs two small files and the cache; nothing else is touched: no
// keystore, no network, no lock. Errors are typed: *apim.Error, *keystore.Error, *MismatchError and their like.
func (h *Helper) Get(ctx context.Context, p *profile.Profile, o Options) (Credential, error) {
	switch p.Auth {
	case profile.None:
		return Credential{Profile: p.Name, Host: p.Host, Auth: p.Auth}, nil
	case profile.APIKey:
		return h.apiKey(ctx, p)
	}
	if o.ForceNew {
		return h.mintAlone(ctx, p, o)
	}
	e, cached := h.cache(p).Get(ctx)
	if cached && e.Fresh(h.now(), o.minValid()) {
		h.trace(1, "the cached token is still good")
		return h.renewEarly(ctx, p, e, o), nil
	}
	c, err := h.mintAlone(ctx, p, o)
	if err != nil && cached && o.MinValid == 0 && passing(err) && e.Expiry.Sub(h.now()) >= lastResort {
		h.warn(fmt.Sprintf("no new token can be had, and the cached one ends in %v: %v", e.Expiry.Sub(h.now()).Round(time.Second), err))
		return tokenCredential(p, e, true), nil
	}
	return c, err
}

// lastResort is the least life left in a cached token that is served while the token endpoint is down.
const lastResort = 10 * time.Second

// passing reports an error that says nothing of the credential: no answer, or one that may change by itself.
func passing(err error) bool {
	var e *apim.Error
	return errors.As(err, &e) && e.Class != apim.Refused
}

// Erase drops p's cached token; the key stays. Nothing cached is no error.
func (h *Helper) Erase(ctx context.Context, p *profile.Profile) error {
	return h.cache(p).Delete(ctx)
}

// EraseToken drops p's cached token if it is this one: a client that was refused an older one must not cost the new one.
func (h *Helper) EraseToken(ctx context.Context, p *profile.Profile, token string) error {
	c := h.cache(p)
	e, ok := c.Get(ctx)
	if !ok || subtle.ConstantTimeCompare(e.Token.Reveal(), []byte(token)) == 0 {
		return nil
	}
	return c.Delete(ctx)
}

// apiKey reads the API key from the record. It is never cached.
func (h *Helper) apiKey(ctx context.Context, p *profile.Profile) (Credential, error) {
	if err := apim.CheckListener(p.Host); err != nil {
		return Credential{}, err
	}
	r, err := h.Record(ctx, p)
	if err != nil {
		return Credential{}, err
	}
	if r.APIKey.IsZero() {
		return Credential{}, &IncompleteError{Profile: p.Name, Missing: "API key"}
	}
	return apiKeyCredential(p, r.APIKey), nil
}

// minValid is the least life left that is asked for.
func (o Options) minValid() time.Duration {
	if o.MinValid == 0 {
		return DefaultMinValid
	}
	return o.MinValid
}

// cache opens the token cache of p as its file stands.
func (h *Helper) cache(p *profile.Profile) *cache.Cache {
	o := cache.Options{
		Profile: p.Name, Fingerprint: p.Bytes, State: h.Folders.State, Warn: h.warn, Now: h.now,
	}
	switch p.Keystore {
	case profile.Variables:
		o.SealingKey = h.Environment.SealingKey()
	case profile.Keychain: // no other keystore has a place for tokens
		if ks, err := h.Keystore(p.Keystore); err == nil {
			o.Keychain = ks
		}
	}
	return cache.Open(o)
}

func (h *Helper) warn(text string) {
	if h.Warn != nil {
		h.Warn(text)
	}
}

func (h *Helper) trace(level int, format string, args ...any) {
	if h.Trace != nil {
		h.Trace(level, fmt.Sprintf(format, args...))
	}
}

func (h *Helper) now() time.Time {
	if h.Now != nil {
		return h.Now()
	}
	return time.Now()
}
