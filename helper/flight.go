package helper

import (
	"context"
	"fmt"

	"cgp-cred/helper/cache"
	"cgp-cred/helper/profile"
)

// mintAlone is the single flight: one process a profile mints, the others wait and find its token in the cache, or learn
// that it was refused.
func (h *Helper) mintAlone(ctx context.Context, p *profile.Profile, o Options) (Credential, error) {
	start := h.now()
	t, err := h.turnToMint(ctx, p)
	if err != nil {
		return Credential{}, err
	}
	defer t.end()
	if p, err = h.reload(p); err != nil {
		return Credential{}, err
	}
	c := h.cache(p)
	if !o.ForceNew {
		if e, ok := c.Get(t.ctx); ok && e.Fresh(h.now(), o.minValid()) {
			h.trace(1, "another process has fetched a token meanwhile")
			return tokenCredential(p, e, true), nil
		}
		if refused := h.refusal(h.flightName(p), c.Name(), start); refused != nil {
			h.trace(1, "this was refused a moment ago, and is not asked again")
			return Credential{}, refused
		}
	}
	return h.mintAndKeep(t, p)
}

// flightName names the lock and the refusal record of p. Jobs with other secrets in their environments are other
// profiles, though each is called env.
func (h *Helper) flightName(p *profile.Profile) string {
	if p.Keystore == profile.Variables {
		return p.Name + "-" + h.cache(p).Name()
	}
	return p.Name
}

// ChangedError is a profile that was changed while we waited for its lock, or between our reading and our writing.
type ChangedError struct {
	Profile   string
	unwritten bool // it was we who would have changed it
}

func (e *ChangedError) Error() string {
	text := fmt.Sprintf("profile %q was changed by another command meanwhile", e.Profile)
	if e.unwritten {
		text += ": nothing was written"
	}
	return text
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
func (h *Helper) mintAndKeep(t *turn, p *profile.Profile) (Credential, error) {
	token, err := h.mint(t, p)
	c := h.cache(p) // mint may have mended the profile's file, to which the cache is bound
	if err != nil {
		h.remember(h.flightName(p), c.Name(), err)
		return Credential{}, err
	}
	e := cache.Entry{Header: "Authorization", Token: token.Value, FetchedAt: token.FetchedAt, Expiry: token.Expiry}
	if err := c.Set(t.ctx, e); err != nil {
		h.warn("the token was not cached: " + err.Error())
	}
	return tokenCredential(p, e, false), nil
}
