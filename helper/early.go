package helper

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"time"

	"cgp-cred/helper/apim"
	"cgp-cred/helper/cache"
	"cgp-cred/helper/profile"
	"cgp-cred/keystore"
	"cgp-cred/keystore/disk"
)

// Bounds of an early renewal.
const (
	earlyShare   = 5  // in the last fifth of a token's life
	earlyBefore  = 12 // but at the latest a twelfth of it before the token is no longer served
	earlyTimeout = 5 * time.Second
	earlyPause   = 15 * time.Second // after one that came to nothing
	askedPause   = time.Minute      // after one for which a keystore or a signer may have asked somebody
	pauseSize    = 64               // bytes of the file that says until when
)

// renewEarly returns the credential of a cached token that is still good. In the last fifth of its life one process at a
// time fetches the next one meanwhile, in one attempt, and the others go on with this one, so that no get of a busy
// pipeline waits. Whatever goes wrong with that, this token is served. Where the caller asked for a certain life it is
// left alone.
func (h *Helper) renewEarly(ctx context.Context, p *profile.Profile, e cache.Entry, o Options) Credential {
	old := tokenCredential(p, e, true)
	if o.MinValid != 0 || h.Folders.Runtime == "" || e.Expiry.Sub(h.now()) >= earlyFrom(e.Expiry.Sub(e.FetchedAt)) {
		return old
	}
	name := h.flightName(p)
	release, state, err := disk.TryLock(h.lockFile(name))
	if err != nil || state != disk.Acquired {
		return old
	}
	defer release()
	ctx, stop := context.WithTimeout(ctx, earlyTimeout) // for a keychain, too, and a signer that awaits someone's touch
	defer stop()
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
	c, err := quick.mintAndKeep(quick.newTurn(keystore.Quietly(ctx), name), p)
	if err != nil {
		h.trace(1, "the next one did not come: %v", err)
		var answer *apim.Error
		if !errors.As(err, &answer) {
			_ = h.pauseEarly(name, askedPause) // else it stays at the shorter one
		}
		return old
	}
	_ = os.Remove(h.earlyFile(name)) // else a short-lived token may have to wait
	return c
}

// earlyFrom is the life left from which a token of so long a life is renewed early. A short-lived one is not served up to
// its last fifth.
func earlyFrom(life time.Duration) time.Duration {
	return max(life/earlyShare, min(DefaultMinValid, life/2)+life/earlyBefore)
}

func (h *Helper) earlyFile(name string) string {
	return filepath.Join(h.Folders.Runtime, name+".early")
}

// mayTryEarly forbids an attempt that follows another too closely: where the token endpoint is down, gets must not wait
// for it one after the other. The pause begins with the attempt, which may be killed. One that a wrong clock has put into
// the far future counts for nothing.
func (h *Helper) mayTryEarly(name string) bool {
	if text, err := disk.ReadFile(h.earlyFile(name), pauseSize); err == nil {
		var until time.Time
		if until.UnmarshalText(text) == nil {
			if left := until.Sub(h.now()); left > 0 && left <= 2*askedPause {
				return false
			}
		}
	}
	return h.pauseEarly(name, earlyPause) == nil
}

// pauseEarly forbids attempts for so long.
func (h *Helper) pauseEarly(name string, pause time.Duration) error {
	text, err := h.now().Add(pause).MarshalText()
	if err != nil {
		return err
	}
	return disk.WriteVolatile(h.earlyFile(name), text)
}
