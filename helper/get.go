package helper

import (
	"cmp"
	"context"
	"errors"
	"time"

	"cgp-cred/helper/apim"
	"cgp-cred/helper/cache"
	"cgp-cred/helper/flight"
	"cgp-cred/helper/mint"
	"cgp-cred/helper/profile"
	"cgp-cred/helper/records"
	"cgp-cred/keystore"
	"cgp-cred/keystore/fault"
)

// DefaultMinValid is how much life a cached token must have left to be served.
const DefaultMinValid = 60 * time.Second

// lastResort is how much life a cached token must have left to be served while the token endpoint is down.
const lastResort = 10 * time.Second

// Options say which credential the caller accepts.
type Options struct {
	MinValid time.Duration // least life left in a cached token, at most half its whole life; 0: DefaultMinValid
	ForceNew bool          // mint a new token even if one is cached
	Young    bool          // refresh ahead as soon as half of the token's life is over; without MinValid
}

// Get returns p's credential. For a fresh cached token it reads two small files and the cache, and uses no keystore, no
// network and no lock.
func (h *Helper) Get(ctx context.Context, p *profile.Profile, o Options) (Credential, error) {
	if p.Auth != profile.JWT {
		return h.static(ctx, p)
	}
	g := h.begin(p, o)
	if o.ForceNew {
		return g.renew(ctx)
	}
	cached, ok := g.cache.Get(ctx)
	if ok && g.fresh(cached) {
		return g.refreshAhead(ctx, cached), nil
	}
	g.minter.Hurry = ok && g.spare(cached)
	c, err := g.renew(ctx)
	if err != nil && ok && g.outlasts(cached, err) {
		g.records.Report.Warn("no new token can be had, and the cached one expires in %v: %v",
			g.left(cached).Round(time.Second), err)
		return g.credential(cached, true), nil
	}
	return c, err
}

// static returns a credential that no token endpoint issues: the API key, or an empty credential. Neither is cached.
func (h *Helper) static(ctx context.Context, p *profile.Profile) (Credential, error) {
	if p.Auth == profile.None {
		return Credential{Profile: p.Name, Host: p.Host, Auth: p.Auth}, nil
	}
	if err := apim.CheckListener(p.Host); err != nil {
		return Credential{}, err
	}
	r, err := h.Records().Load(ctx, p)
	if err != nil {
		return Credential{}, err
	}
	if r.APIKey.IsZero() {
		return Credential{}, records.Incomplete(p.Name, "API key")
	}
	return apiKeyCredential(p, r.APIKey), nil
}

// get holds what the steps of one get share.
type get struct {
	profile *profile.Profile
	options Options
	start   time.Time
	cache   *cache.Cache // of the profile as its file is
	lease   *flight.Lease
	records *records.Records
	minter  mint.Minter
	ahead   bool        // the cached token is still good
	current cache.Entry // that token
	warned  bool        // the user knows that the token endpoint throttles
}

func (h *Helper) begin(p *profile.Profile, o Options) *get {
	g := &get{profile: p, options: o, records: h.Records(), minter: h.Minter()}
	g.minter.APIM = func() (*apim.Client, error) { return h.Client(p) }
	g.start = g.records.Now()
	g.cache = g.records.Cache(p)
	name, scope := p.Name, flight.OneHome
	if p.Keystore == profile.Environment { // jobs with different secrets have different profiles, all named env
		name, scope = name+"-"+g.cache.Name(), flight.AllOfUser
	}
	g.lease = g.records.Flight.Lease(name, scope)
	return g
}

// renew mints a token. One process does so for a profile at a time. The others wait, and find its token in the cache or
// its refusal in the state file. Without a cache they would only wait for each other, so none does.
func (g *get) renew(ctx context.Context) (Credential, error) {
	source, err := g.records.Source(g.profile)
	if err != nil {
		return Credential{}, err
	}
	if g.cache.Backend(ctx) == cache.None {
		g.lease = g.records.Flight.Unshared(g.profile.Name)
	}
	hold := source.Patience() + g.minter.RequestTime()
	if err := g.lease.Acquire(ctx, hold, hold+flight.Slack, g.queue); err != nil {
		return Credential{}, err
	}
	defer g.lease.Release()
	if err := g.reload(); err != nil {
		return Credential{}, err
	}
	if !g.options.ForceNew {
		if e, ok := g.cache.Get(g.lease.Context()); ok && g.fresh(e) {
			g.records.Report.Trace(1, "another process has fetched a token meanwhile")
			return g.credential(e, true), nil
		}
	}
	if err := g.refused(); err != nil {
		g.records.Report.Trace(1, "this was refused a moment ago: not asking again")
		return Credential{}, err
	}
	return g.mint(source, hold)
}

// mint reads the record, exchanges an assertion for a token and caches it, or shares the refusal.
func (g *get) mint(source records.Source, hold time.Duration) (Credential, error) {
	if !g.ahead {
		g.lease.Announce(hold)
	}
	ctx := g.lease.Context()
	r, err := source.Load(ctx, g.profile)
	if err != nil {
		return Credential{}, err
	}
	if more := records.SigningTime(r); more > 0 && !g.ahead {
		g.lease.Extend(hold + more)
	}
	turn, err := g.join(r)
	if err != nil {
		g.remember(err)
		return Credential{}, err
	}
	if e, ok := turn.Token(); ok {
		g.records.Report.Trace(1, "another machine has fetched a token")
		return g.keep(e, true), nil
	}
	token, key, err := g.exchange(r)
	ctx = g.lease.Context()
	if err != nil {
		g.remember(err)
		turn.Fail(ctx, err)
		return Credential{}, err
	}
	if key == r.Next {
		g.records.Promote(ctx, g.profile, r)
	}
	e := cache.Entry{Header: "Authorization", Token: token.Value, FetchedAt: token.FetchedAt, Expiry: token.Expiry}
	turn.Publish(ctx, e)
	return g.keep(e, false), nil
}

// keep caches a new token, and returns its credential.
func (g *get) keep(e cache.Entry, cached bool) Credential {
	g.lease.Succeeded()
	if err := g.bound().Set(g.lease.Context(), e); err != nil {
		g.records.Report.Warn("the token was not cached: %v", err)
	}
	return g.credential(e, cached)
}

// remember shares a refusal with the processes that wait, if they would be refused too. It does not share an error that
// one more attempt would fix. After refreshing ahead, which has only one attempt, it does not share a temporary error.
func (g *get) remember(err error) {
	var e *apim.Error
	if !errors.As(err, &e) || e.OneMore || g.ahead && e.Class != fault.Refused {
		return
	}
	g.lease.Remember(g.bound().Name(), e, 0)
}

// reload reads the profile's file again, under the lease.
func (g *get) reload() error {
	p, err := g.records.Reload(g.profile)
	if err == nil {
		g.profile = p
		g.cache = g.bound()
	}
	return err
}

// bound returns the cache of the profile as its file is now: a mint may have brought the file up to date.
func (g *get) bound() *cache.Cache {
	if !g.cache.BoundTo(g.profile.Bytes) {
		g.cache = g.records.Cache(g.profile)
	}
	return g.cache
}

// left returns how long a token lives from now.
func (g *get) left(e cache.Entry) time.Duration { return e.Expiry.Sub(g.records.Now()) }

// fresh reports whether a cached token has as much life left as the caller asked for.
func (g *get) fresh(e cache.Entry) bool {
	return e.Fresh(g.records.Now(), cmp.Or(g.options.MinValid, DefaultMinValid))
}

// outlasts reports whether a cached token is served although no new one could be had: err is not about the credential,
// and the caller asked for no minimum life.
func (g *get) outlasts(e cache.Entry, err error) bool {
	var failed *apim.Error
	return errors.As(err, &failed) && failed.Class != fault.Refused && g.spare(e)
}

// spare reports whether a cached token may be served if no new one can be had.
func (g *get) spare(e cache.Entry) bool { return g.options.MinValid == 0 && g.left(e) >= lastResort }

func (g *get) credential(e cache.Entry, cached bool) Credential {
	return tokenCredential(g.profile, e, cached)
}

// Erase drops p's cached token, here and for the machines that share it. The key stays. It is no error if nothing is
// cached.
func (h *Helper) Erase(ctx context.Context, p *profile.Profile) error {
	err := h.Records().Cache(p).Delete(ctx)
	h.unshare(ctx, p, nil)
	return err
}

// EraseToken drops p's cached token if it is this token. A client whose older token was refused must not remove the new
// one.
func (h *Helper) EraseToken(ctx context.Context, p *profile.Profile, token string) error {
	c := h.Records().Cache(p)
	is := func(e cache.Entry) bool { return e.Token.Equal(keystore.NewSecret([]byte(token))) }
	var err error
	if e, ok := c.Get(ctx); ok && is(e) {
		err = c.Delete(ctx)
	}
	h.unshare(ctx, p, is)
	return err
}
