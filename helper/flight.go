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
	waiting, stop := context.WithTimeout(ctx, lockWait)
	defer stop()
	release, state, err := h.lock(waiting, p.Name)
	defer release()
	if state == disk.Held {
		return Credential{}, errors.Join(&LockError{Profile: p.Name}, ctx.Err())
	}
	if state == disk.Broken {
		h.warnBroken(err)
	}
	c := h.cache(p)
	if !o.ForceNew {
		if e, ok := h.look(ctx, c, o); ok {
			h.trace(1, "another process has fetched a token meanwhile")
			return tokenCredential(p, e, true), nil
		}
		if refused := h.refusal(p.Name, c.Name()); refused != nil {
			h.trace(1, "this was refused a moment ago, and is not asked again")
			return Credential{}, refused
		}
	}
	return h.mintAndKeep(ctx, p)
}

// mintAndKeep mints a token and caches it, or remembers the refusal.
func (h *Helper) mintAndKeep(ctx context.Context, p *profile.Profile) (Credential, error) {
	t, err := h.mint(ctx, p)
	c := h.cache(p) // mint may have mended the profile's file, to which the cache is bound
	var refused *apim.Error
	if errors.As(err, &refused) {
		h.remember(p.Name, c.Name(), refused)
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

// lock takes the lock of a profile's name. The release does nothing where there is no lock.
func (h *Helper) lock(ctx context.Context, name string) (release func(), state disk.LockState, err error) {
	if err := disk.MakeFolder(h.Folders.Runtime); err != nil {
		return func() {}, disk.Broken, err
	}
	release, state, err = disk.Lock(ctx, filepath.Join(h.Folders.Runtime, name+".lock"))
	if release == nil {
		release = func() {}
	}
	return release, state, err
}

// warnBroken passes over a file system without locks in silence, but not over a folder that others can write.
func (h *Helper) warnBroken(err error) {
	var unsafe *disk.UnsafeError
	if errors.As(err, &unsafe) {
		h.warn(fmt.Sprintf("working without a lock: %v", err))
	}
}
