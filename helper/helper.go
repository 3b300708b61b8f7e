// Package helper obtains credentials: a cached token if there is a fresh one, else a new one minted by one process at a
// time from the key in the keystore. It also puts keys into the keystore and takes them out.
package helper

import (
	"context"
	"crypto/subtle"
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
	Environment *keystore.Environment                        // nil: the keystore holds the credentials
	Keystore    func(kind string) (keystore.Keystore, error) // opens the keystore that a profile names
	NewKeystore string                                       // kind of a new profile's keystore; empty: keychain
	APIM        func() (*apim.Client, error)                 // made only when a token is minted
	Timeout     time.Duration                                // all attempts of one mint; 0: 25 s
	Warn        func(text string)                            // nil: warnings are dropped
	Trace       func(level int, text string)                 // nil: silent; 1: what happens, 2: details of requests
	Now         func() time.Time                             // nil: time.Now
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
	if e, ok := h.look(ctx, h.cache(p), o); ok {
		h.trace(1, "the cached token is still good")
		return tokenCredential(p, e, true), nil
	}
	return h.mintAlone(ctx, p, o)
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
	r, err := h.record(ctx, p)
	if err != nil {
		return Credential{}, err
	}
	if r.APIKey.IsZero() {
		return Credential{}, &IncompleteError{Profile: p.Name, Missing: "API key"}
	}
	return apiKeyCredential(p, r.APIKey), nil
}

// look returns a cached token with enough life left.
func (h *Helper) look(ctx context.Context, c *cache.Cache, o Options) (cache.Entry, bool) {
	minValid := o.MinValid
	if minValid == 0 {
		minValid = DefaultMinValid
	}
	e, ok := c.Get(ctx)
	return e, ok && e.Fresh(h.now(), minValid)
}

// cache opens the token cache of p as its file stands.
func (h *Helper) cache(p *profile.Profile) *cache.Cache {
	o := cache.Options{
		Profile: p.Name, Fingerprint: p.Bytes, State: h.Folders.State, Runtime: h.Folders.Runtime,
		Warn: h.warn, Now: h.now,
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
