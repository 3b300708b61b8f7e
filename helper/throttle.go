package helper

import (
	"time"

	"cgp-cred/helper/apim"
	"cgp-cred/helper/flight"
	"cgp-cred/keystore/record"
)

// exchange mints under the lease, which it extends if the token endpoint throttles: the processes that wait for the
// lease wait on.
func (g *get) exchange(r *record.Record) (apim.Token, *record.Key, error) {
	more := g.minter.Longest() - g.minter.RequestTime()
	ctx, stop := g.lease.ContextFor(more)
	defer stop()
	extended := false
	g.minter.Throttled = func(e *apim.Error, wait time.Duration) {
		if !extended {
			extended = true
			g.lease.ExtendBy(more)
		}
		g.lease.Remember(g.bound().Name(), e, wait)
	}
	return g.minter.Token(ctx, g.profile.Name, r)
}

// waited returns how long the caller has waited.
func (g *get) waited() time.Duration { return max(g.records.Now().Sub(g.start), 0) }

// queue is called while another process holds the lease and waits for the token endpoint's quota. This process waits
// too, as long as its own patience lasts until then and it has no other token. If it does not, it is told at once.
func (g *get) queue(r flight.Refusal) error {
	if r.Binding != g.cache.Name() {
		return nil
	}
	if !g.minter.Waits(max(r.Until.Sub(g.records.Now()), 0), g.waited()) {
		return g.told(r.Error)
	}
	if !g.warned {
		g.warned = true
		g.minter.Warn("another cgp-cred asks again: waiting for it, for at most %v", g.minter.Longest()-g.waited())
	}
	return nil
}

// refused returns the refusal that the token endpoint has just given another process. If it throttled that process, and
// this one may wait longer, the mint begins with a wait. A user who asked for a new token is told only what happened
// since.
func (g *get) refused() error {
	r := g.lease.Refused(g.cache.Name(), g.start)
	waiting := r != nil && !g.start.After(r.At)
	switch {
	case r == nil, g.options.ForceNew && !(waiting && r.Error.Throttled()):
		return nil
	case !r.Error.Throttled():
		return r.Error
	}
	rest := r.Until.Sub(g.records.Now())
	if waiting && !g.minter.WaitsOn(g.waited()) || !g.minter.Waits(rest, g.waited()) {
		return g.told(r.Error)
	}
	g.minter.Quota.Refused, g.minter.Quota.Wait, g.minter.Quota.Waited = r.Error, rest, g.waited()
	return nil
}

// told returns the error of throttling for this caller, who may have waited for another process's quota.
func (g *get) told(e *apim.Error) *apim.Error {
	own := *e
	if g.warned {
		own.Waited = g.waited()
	}
	return &own
}
