package helper

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"time"

	"cgp-cred/helper/apim"
	"cgp-cred/helper/cache"
	"cgp-cred/helper/profile"
	"cgp-cred/keystore/disk"
)

// lockWait bounds the wait for another process that mints: longer than its keychain call (30 s) and its token request
// (25 s) may last together.
const lockWait = 60 * time.Second

// LockError is a lock that another process held for too long.
type LockError struct{ Profile string }

func (e *LockError) Error() string {
	return fmt.Sprintf("another cgp-cred has been fetching a token for %q for over a minute", e.Profile)
}

// Hint says where to look.
func (e *LockError) Hint() string {
	return "a keychain prompt may be waiting on the desktop: answer it, or end the other process, and run the command again"
}

// mintAlone is the single flight: one process a profile mints, the others wait and find its token in the cache, or learn
// that it was refused.
func (h *Helper) mintAlone(ctx context.Context, p *profile.Profile, o Options) (Credential, error) {
	start := h.now()
	release, err := h.alone(ctx, h.flightName(p))
	if err != nil {
		return Credential{}, err
	}
	defer release()
	if p, err = h.reload(p); err != nil {
		return Credential{}, err
	}
	c := h.cache(p)
	if !o.ForceNew {
		if e, ok := c.Get(ctx); ok && e.Fresh(h.now(), o.minValid()) {
			h.trace(1, "another process has fetched a token meanwhile")
			return tokenCredential(p, e, true), nil
		}
		if refused := h.refusal(h.flightName(p), c.Name(), start); refused != nil {
			h.trace(1, "this was refused a moment ago, and is not asked again")
			return Credential{}, refused
		}
	}
	return h.mintAndKeep(ctx, p)
}

// flightName names the lock and the refusal record of p. Jobs with other secrets in their environments are other
// profiles, though each is called env.
func (h *Helper) flightName(p *profile.Profile) string {
	if p.Keystore == profile.Variables {
		return p.Name + "-" + h.cache(p).Name()
	}
	return p.Name
}

// ChangedError is a profile that was changed to mean something else while we waited for its lock.
type ChangedError struct{ Profile string }

func (e *ChangedError) Error() string {
	return fmt.Sprintf("profile %q was changed by another command meanwhile", e.Profile)
}

// Hint is to look again.
func (e *ChangedError) Hint() string { return "run the command again" }

// reload reads a profile's file again under the lock: whoever held it may have changed the record, and with it the file
// that the cache is bound to. What the caller relied on must still be so.
func (h *Helper) reload(p *profile.Profile) (*profile.Profile, error) {
	if p.Keystore == profile.Variables {
		return p, nil
	}
	now, err := h.Config.Load(p.Name)
	if err != nil {
		return nil, err
	}
	if now.Host != p.Host || now.APIName != p.APIName || now.Auth != p.Auth || !now.Place().Same(p.Place()) {
		return nil, &ChangedError{Profile: p.Name}
	}
	return now, nil
}

// mintAndKeep mints a token and caches it, or remembers the refusal.
func (h *Helper) mintAndKeep(ctx context.Context, p *profile.Profile) (Credential, error) {
	t, err := h.mint(ctx, p)
	c := h.cache(p) // mint may have mended the profile's file, to which the cache is bound
	var refused *apim.Error
	if errors.As(err, &refused) {
		h.remember(h.flightName(p), c.Name(), refused)
	}
	if err != nil {
		return Credential{}, err
	}
	e := cache.Entry{Header: "Authorization", Token: t.Value, FetchedAt: t.FetchedAt, Expiry: t.Expiry}
	if err := c.Set(ctx, e); err != nil {
		h.warn("the token was not cached: " + err.Error())
	}
	return tokenCredential(p, e, false), nil
}

// alone takes the lock of a profile's name, or waits for it: at most lockWait. Where the file system has no locks it goes
// on without, in silence; a folder that others can write is worth a warning.
func (h *Helper) alone(ctx context.Context, name string) (release func(), err error) {
	if h.Folders.Runtime == "" { // a process without a home, in a container: it is alone anyway
		return func() {}, nil
	}
	if err := disk.MakeFolder(h.Folders.Runtime); err != nil {
		h.warnUnsafe(err)
		return func() {}, nil
	}
	waiting, stop := context.WithTimeout(ctx, lockWait)
	defer stop()
	release, state, err := disk.Lock(waiting, filepath.Join(h.Folders.Runtime, name+".lock"))
	switch state {
	case disk.Held:
		return nil, errors.Join(&LockError{Profile: name}, ctx.Err())
	case disk.Broken:
		h.warnUnsafe(err)
		return func() {}, nil
	}
	return release, nil
}

// warnUnsafe warns of a lock that others could hold, and not of a file system without locks.
func (h *Helper) warnUnsafe(err error) {
	var unsafe *disk.UnsafeError
	if errors.As(err, &unsafe) {
		h.warn(fmt.Sprintf("working without a lock: %v", err))
	}
}
