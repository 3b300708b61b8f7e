package helper

import (
	"context"
	"os"
	"path/filepath"
	"time"

	"cgp-cred/helper/cache"
	"cgp-cred/helper/profile"
	"cgp-cred/keystore"
	"cgp-cred/keystore/disk"
)

// Bounds of an early renewal.
const (
	earlyShare   = 5 // in the last fifth of a token's life
	earlyTimeout = 5 * time.Second
	earlyPause   = 15 * time.Second // between two that came to nothing
)

// renewEarly returns the credential of a cached token that is still good. In the last fifth of its life one process at a
// time fetches the next one meanwhile, in one attempt, and the others go on with this one, so that no get of a busy
// pipeline waits. Whatever goes wrong with that, this token is served. Where the caller asked for a certain life it is
// left alone.
func (h *Helper) renewEarly(ctx context.Context, p *profile.Profile, e cache.Entry, o Options) Credential {
	old := tokenCredential(p, e, true)
	now := h.now()
	if o.MinValid != 0 || e.Expiry.Sub(now) >= e.Expiry.Sub(e.FetchedAt)/earlyShare {
		return old
	}
	name := h.flightName(p)
	release, state, err := disk.TryLock(h.lockFile(name))
	if err != nil || state != disk.Acquired {
		return old
	}
	defer release()
	if p, err = h.reload(p); err != nil {
		return old
	}
	if newer, ok := h.cache(p).Get(ctx); ok && newer.Expiry.After(e.Expiry) {
		return tokenCredential(p, newer, true)
	}
	if !h.mayTryEarly(name) {
		return old
	}
	h.trace(1, "it ends soon: fetching the next one")
	quick := *h
	quick.Timeout, quick.attempts = earlyTimeout, 1
	ctx, stop := context.WithTimeout(ctx, earlyTimeout) // for a signer, too, that awaits someone's touch
	defer stop()
	c, err := quick.mintAndKeep(quick.newTurn(keystore.Quietly(ctx), name), p)
	if err != nil {
		h.trace(1, "the next one did not come: %v", err)
		return old
	}
	return c
}

func (h *Helper) earlyFile(name string) string {
	return filepath.Join(h.Folders.Runtime, name+".early")
}

// mayTryEarly marks an attempt, and forbids one that follows another too closely: where the token endpoint is down,
// gets must not wait for it one after the other. A mark from the future counts for nothing.
func (h *Helper) mayTryEarly(name string) bool {
	file := h.earlyFile(name)
	if info, err := os.Lstat(file); err == nil {
		if age := time.Since(info.ModTime()); age >= 0 && age < earlyPause {
			return false
		}
	}
	return disk.WriteFile(file, nil) == nil
}
