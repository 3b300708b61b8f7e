package helper

import (
	"context"
	"errors"
	"time"

	"cgp-cred/helper/apim"
	"cgp-cred/helper/cache"
	"cgp-cred/helper/fleet"
	"cgp-cred/helper/flight"
	"cgp-cred/helper/mint"
	"cgp-cred/helper/profile"
	"cgp-cred/keystore/fault"
	"cgp-cred/keystore/record"
)

// errElsewhere says why this machine does not refresh ahead.
var errElsewhere = errors.New("another machine is fetching the next token, or was refused")

// join waits for the token that the machines of a fleet share, or for the right to mint it. Its result is nil if this
// machine shares with no other. The lease of this machine lasts as much longer, so that the mint has its whole time.
func (g *get) join(r *record.Record) (*fleet.Turn, error) {
	f := g.records.Fleet(g.profile, r)
	ctx := g.lease.Context()
	switch {
	case r.Reader():
		return g.read(f)
	case f == nil:
		return nil, nil
	case g.options.ForceNew:
		return f.Unleased(), nil
	case g.ahead:
		if turn := f.Try(ctx, g.newer); turn != nil {
			return turn, nil
		}
		return nil, errElsewhere
	}
	ctx, limit, stop := g.forFleet()
	defer stop()
	turn, err := f.Wait(ctx, g.fresh, limit, g.minter.Longest()-mint.Timeout)
	var refusal *apim.Error
	if errors.As(err, &refusal) {
		return nil, g.elsewhere(refusal, r)
	}
	return turn, err
}

// forFleet returns how long this process waits for other machines: as long as for a quota, and long enough for the
// lease of one that was killed. The lease of this machine lasts as much longer. The context ends only if a machine is
// so slow that the limit is not kept.
func (g *get) forFleet() (ctx context.Context, limit time.Duration, stop context.CancelFunc) {
	limit = max(g.minter.Longest(), min(fleet.LeaseTime*4/3, 2*g.minter.RequestTime()))
	g.lease.ExtendBy(limit + flight.Slack)
	ctx, stop = g.lease.ContextFor(limit)
	return ctx, limit, stop
}

// read waits for the fleet's token on behalf of a credential that can only read it.
func (g *get) read(f *fleet.Fleet) (*fleet.Turn, error) {
	switch {
	case f == nil:
		return nil, fault.New(fault.Usage,
			"set CGP_CRED_FLEET, or make the bundle again: cgp-cred export PROFILE --reader",
			"this credential can only read a fleet's token, and no fleet can be used")
	case g.options.ForceNew:
		return nil, fault.New(fault.Usage, "run it where the key is, or leave --force-new out",
			"this credential can only read a fleet's token, and never get a new one")
	case g.ahead:
		if e, ok, err := f.Token(g.lease.Context()); err == nil && ok && g.newer(e) {
			return &fleet.Turn{Entry: e, Found: true}, nil
		}
		return nil, errElsewhere
	}
	ctx, limit, stop := g.forFleet()
	defer stop()
	turn, err := f.Read(ctx, g.fresh, limit)
	if errors.Is(err, fleet.ErrNoToken) {
		err = fault.Wrap(fault.Temporary, "where the key is, keep it fresh: cgp-cred sink, or run cgp-cred get there",
			f.URL, err)
	}
	return turn, err
}

// elsewhere returns the refusal that another machine was given, as this machine's own.
func (g *get) elsewhere(refusal *apim.Error, r *record.Record) error {
	own := *refusal
	own.About.Profile, own.About.Variables = g.profile.Name, r.Variables
	if own.Throttled() {
		return &own
	}
	hints := append(own.FaultHints(),
		"another machine was told this within the last minute; to ask again now: cgp-cred get "+g.profile.Name+
			" --force-new")
	return &fault.Error{Class: own.Class, What: own.Error(), Hints: hints, Err: &own}
}

// newer reports whether another machine has refreshed ahead.
func (g *get) newer(e cache.Entry) bool {
	return !e.Token.Equal(g.current.Token) && e.Expiry.After(g.current.Expiry)
}

// unshare drops the token that p's machines share, if only accepts it; nil: whatever it is.
func (h *Helper) unshare(ctx context.Context, p *profile.Profile, only func(cache.Entry) bool) {
	if p.Fleet == "" || p.Auth != profile.JWT {
		return
	}
	rs := h.Records()
	r, err := rs.Load(ctx, p)
	if err == nil && !r.Reader() {
		if f := rs.Fleet(p, r); f != nil {
			err = f.Drop(ctx, only)
		}
	}
	if err != nil {
		rs.Report.Warn("other machines may still be given the token, until it expires: %s", fault.OneLine(err))
	}
}
