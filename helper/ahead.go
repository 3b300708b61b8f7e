package helper

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"os"
	"time"

	"cgp-cred/helper/apim"
	"cgp-cred/helper/cache"
	"cgp-cred/keystore"
)

// Bounds of refreshing ahead.
const (
	aheadShare   = 5                // in the last fifth of a token's life
	aheadBefore  = 12               // but at the latest a twelfth of it before the token is no longer served
	aheadSpread  = 15               // or up to a fifteenth of it earlier: machines do not refresh in the same second
	aheadTimeout = 5 * time.Second  // for a keychain, too, and a signer that waits for a touch
	aheadPause   = 15 * time.Second // after an attempt that failed
	askedPause   = time.Minute      // after a failed attempt in which a keystore or a signer may have asked the user
)

// refreshAhead returns the credential of a cached token that is still good. In the last part of the token's life one
// process at a time fetches the next token, in one attempt. The others continue with this token, so that no get of a
// busy pipeline waits. If the attempt fails, this token is served. If the caller asked for a certain life, nothing is
// fetched.
func (g *get) refreshAhead(ctx context.Context, e cache.Entry) Credential {
	g.records.Report.Trace(1, "the cached token is still good")
	old := g.credential(e, true)
	if g.options.MinValid != 0 || !g.isTime(e) {
		return old
	}
	if !g.lease.TryAcquire(keystore.NonInteractive(ctx), aheadTimeout) {
		return old
	}
	defer g.lease.Release()
	if g.reload() != nil {
		return old
	}
	if newer, ok := g.cache.Get(g.lease.Context()); ok && newer.Expiry.After(e.Expiry) {
		return g.credential(newer, true)
	}
	// The pause begins with the attempt, which may be killed: while the token endpoint is down, gets must not wait
	// for it one after the other.
	if g.lease.Paused() || !g.lease.Pause(aheadPause) {
		return old
	}
	g.records.Report.Trace(1, "it expires soon: fetching the next one")
	g.current = e
	c, err := g.mintAhead()
	if err != nil {
		g.records.Report.Trace(1, "fetching the next one failed: %v", err)
		var answer *apim.Error
		if !errors.As(err, &answer) && !errors.Is(err, errElsewhere) {
			g.lease.Pause(askedPause)
		}
		return old
	}
	return c
}

// mintAhead mints in one attempt. It does not wait for the user.
func (g *get) mintAhead() (Credential, error) {
	source, err := g.records.Source(g.profile)
	if err != nil {
		return Credential{}, err
	}
	g.ahead, g.minter.Hurry, g.minter.Attempts, g.minter.Timeout = true, true, 1, aheadTimeout
	return g.mint(source, aheadTimeout)
}

// isTime reports whether a cached token is refreshed ahead now. All processes of a machine agree on that moment.
func (g *get) isTime(e cache.Entry) bool {
	life, left := e.Expiry.Sub(e.FetchedAt), g.left(e)
	if g.options.Young && left < life/2 {
		return true
	}
	early := left - aheadFrom(life)
	spread := life / aheadSpread
	return early < 0 || early < spread && early < share(e, spread)
}

// share returns a part of a time that is random for a token and a machine, whose clones may have the same token.
func share(e cache.Entry, of time.Duration) time.Duration {
	machine, _ := os.Hostname() // without one the token decides
	sum := sha256.Sum256(append([]byte(machine+"\x00"), e.Token.Reveal()...))
	return time.Duration(float64(of) * float64(binary.BigEndian.Uint32(sum[:])) / (1 << 32))
}

// aheadFrom returns how much life is left when a token that lives for life is refreshed ahead at the latest. It is more
// than a fifth for a token with a short life, because such a token is no longer served in its last fifth.
func aheadFrom(life time.Duration) time.Duration {
	return max(life/aheadShare, min(DefaultMinValid, life/2)+life/aheadBefore)
}
