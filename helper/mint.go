package helper

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/cenkalti/backoff/v5"

	"cgp-cred/helper/apim"
	"cgp-cred/helper/profile"
	"cgp-cred/keystore"
	"cgp-cred/keystore/signer"
)

// Bounds of one mint.
const (
	mintTimeout = 25 * time.Second
	maxAttempts = 3

	spread = time.Second // over which those who were told to wait come back

	// WaitingAfter is when someone at a terminal is told why nothing happens.
	WaitingAfter = 2 * time.Second
	minSkew      = 30 * time.Second // less can't be why an assertion of 150 s is refused
)

// mint reads p's record and exchanges an assertion for a token. Where another key than the current one obtained it, the
// record is changed to match, and p with it.
func (h *Helper) mint(t *turn, p *profile.Profile) (apim.Token, error) {
	hold := h.mintHold(p)
	t.say(hold)
	r, err := h.Record(t.ctx, p)
	if err != nil {
		return apim.Token{}, err
	}
	if more := signHold(r); more > 0 {
		t.say(hold + more)
		t.mayLast(hold + more)
	}
	token, key, err := h.MintWith(t.ctx, p.Name, r)
	if err == nil && key == r.Next {
		h.promote(t.ctx, p, r)
	}
	return token, err
}

// MintWith exchanges an assertion for a token with a record's keys, and says which key obtained it: the next one first,
// then the current and the previous one, as long as APIM says that it does not know a key, or the key can't sign. name is
// for messages. The requests have one deadline; it does not run while someone is asked to let a key sign.
func (h *Helper) MintWith(ctx context.Context, name string, r *keystore.Record) (apim.Token, *keystore.Key, error) {
	m, err := newMinter(h, name, r)
	if err != nil {
		return apim.Token{}, nil, err
	}
	keys := keysOf(r)
	var first error
	for i, key := range keys {
		t, err := m.exchange(ctx, key)
		if err == nil {
			return t, key, nil
		}
		if first == nil || key == r.Key {
			first = err // what is wrong with the current key says most
		}
		if i == len(keys)-1 || !m.unsigned && !keyRefused(err) {
			break
		}
		switch {
		case m.unsigned:
			h.warn(fmt.Sprintf("the key %q can't sign now, and %q is tried: %s", r.ShownKID(key), r.ShownKID(keys[i+1]), withHint(err)))
		case key == r.Next:
			h.warn(fmt.Sprintf("APIM does not know the next key %q yet, and the current one is tried: after an upload it can take an hour", r.ShownKID(key)))
		}
	}
	return apim.Token{}, nil, first
}

// withHint is an error's text, for a command that was not given with what to do about it.
func withHint(err error) string {
	var command *CommandError
	if errors.As(err, &command) {
		return err.Error() + "; " + command.Hint()
	}
	return err.Error()
}

// keysOf are a record's keys, in the order in which they are tried.
func keysOf(r *keystore.Record) []*keystore.Key {
	return slices.DeleteFunc([]*keystore.Key{r.Next, r.Key, r.Previous}, func(k *keystore.Key) bool { return k == nil })
}

// keyRefused reports that another key of the same application may be accepted.
func keyRefused(err error) bool {
	var refused *apim.Error
	return errors.As(err, &refused) && refused.KeyRefused()
}

// minter is what the attempts of one mint share.
type minter struct {
	h        *Helper
	client   *apim.Client
	record   *keystore.Record
	key      *keystore.Key // the one being tried
	tokenURL string
	audience string
	about    apim.Subject
	left     time.Duration   // for requests
	tries    uint            // left, of all keys together
	ready    keystore.Secret // the first assertion; zero: it was sent
	unsigned bool            // the key that is being tried could not sign

	correction time.Duration // what a wrong clock is corrected by
	corrected  bool
	reused     bool
	last       error // the last attempt's error; nil after a success
	curable    bool  // the next attempt would have put it right
}

func newMinter(h *Helper, name string, r *keystore.Record) (*minter, error) {
	switch {
	case r.Key == nil:
		return nil, &IncompleteError{Profile: name, Missing: "private key"}
	case r.APIKey.IsZero():
		return nil, &IncompleteError{Profile: name, Missing: "API key"}
	}
	endpoint := tokenURL(r)
	audience := r.Audience
	if audience == "" {
		audience = endpoint
	}
	if err := apim.CheckListener(apim.HostOf(endpoint)); err != nil {
		return nil, err
	}
	client, err := h.APIM()
	if err != nil {
		return nil, err
	}
	return &minter{
		left: h.requestTime(), tries: h.maxAttempts(), h: h, client: client, record: r, tokenURL: endpoint, audience: audience,
		about: apim.Subject{Profile: name, Host: r.Host, APIKey: Label(r.APIKey)},
	}, nil
}

// exchange tries one key, each time with an assertion of its own: as often as there are tries left, and once at least.
func (m *minter) exchange(ctx context.Context, key *keystore.Key) (apim.Token, error) {
	m.key, m.about.KID, m.reused = key, m.record.ShownKID(key), false
	var err error
	m.ready, err = m.sign(ctx)
	if m.unsigned = err != nil; m.unsigned {
		return apim.Token{}, err
	}
	ctx, stop := context.WithTimeout(ctx, m.left)
	defer stop()
	start := time.Now()
	defer func() { m.left -= time.Since(start) }()
	t, err := backoff.Retry(ctx, func() (apim.Token, error) { return m.attempt(ctx) },
		// A factor of 1 is full jitter: from nothing to twice the interval.
		backoff.WithBackOff(&backoff.ExponentialBackOff{
			InitialInterval: 500 * time.Millisecond, Multiplier: 2, MaxInterval: 5 * time.Second, RandomizationFactor: 1,
		}),
		backoff.WithNotify(func(_ error, wait time.Duration) { m.h.trace(1, "trying again in %v", wait.Round(time.Millisecond)) }),
		backoff.WithMaxTries(max(m.tries, 1)),
		backoff.WithMaxElapsedTime(m.left)) // no waiting for a try that would come too late
	if m.last != nil { // the reason rather than the deadline that ended the waiting
		err = m.last
	}
	if err != nil && m.curable {
		err = &curableError{err}
	}
	return t, err
}

// curableError is a refusal after the last attempt that was left, which one more would have put right: the next process
// has it.
type curableError struct{ error }

func (e *curableError) Unwrap() error { return e.error }

// attempt signs and sends one assertion. Its error says to backoff whether and when another may succeed.
func (m *minter) attempt(ctx context.Context) (apim.Token, error) {
	assertion := m.ready
	if m.ready = (keystore.Secret{}); assertion.IsZero() {
		var err error
		if assertion, err = m.sign(ctx); err != nil {
			m.last = err
			return apim.Token{}, backoff.Permanent(err)
		}
	}
	m.h.trace(1, "asking %s for a token, kid %q", m.tokenURL, m.about.KID)
	m.h.trace(2, "assertion: %s", apim.Describe(assertion, m.about.APIKey))
	m.tries, m.curable = max(m.tries, 1)-1, false
	start := time.Now()
	t, err := m.client.Exchange(ctx, m.tokenURL, assertion)
	var refused *apim.Error
	if errors.As(err, &refused) {
		refused.About = m.about
	}
	m.h.trace(1, "%s after %v", outcome(err), time.Since(start).Round(time.Millisecond))
	m.last = err
	switch {
	case err == nil:
		m.h.trace(1, "it lives for %v; the server's clock differs by %v", t.Expiry.Sub(t.FetchedAt), t.Skew)
		m.warnSkew(t.Skew)
		return t, nil
	case refused == nil:
		return t, backoff.Permanent(err)
	}
	return t, m.again(ctx, refused)
}

func (h *Helper) maxAttempts() uint {
	if h.attempts > 0 {
		return h.attempts
	}
	return maxAttempts
}

// sign makes an assertion with the key that is being tried.
func (m *minter) sign(ctx context.Context) (keystore.Secret, error) {
	if where := m.key.Signer.Where(); where != "" && m.h.WaitingFor != nil {
		late := time.AfterFunc(WaitingAfter, func() { m.h.WaitingFor(where) })
		defer late.Stop()
	}
	return apim.Assertion(signer.Within(ctx, m.key.Signer), apim.Claims{
		APIKey: m.record.APIKey, KID: m.key.KID, Audience: m.audience, Now: m.h.now().Add(-m.correction),
	})
}

func outcome(err error) string {
	if err != nil {
		return err.Error()
	}
	return "a token came"
}

// again marks an error as final, or says when to try once more. A burnt jti and a wrong clock are worth one more try at
// once; throttling and failures on the way are worth waiting for.
func (m *minter) again(ctx context.Context, e *apim.Error) error {
	deadline, _ := ctx.Deadline()
	spare := time.Until(deadline) - e.RetryAfter
	m.curable = true
	switch {
	case e.JTIReused() && !m.reused:
		m.reused = true
		return backoff.RetryAfter(0)
	case e.ClockWrong() && !m.corrected && e.Skew.Abs() >= minSkew && apim.Correctable(e.Skew):
		m.corrected, m.correction = true, min(max(e.Skew, -apim.MaxCorrection), apim.MaxCorrection)
		return backoff.RetryAfter(0)
	}
	m.curable = false
	switch {
	case e.Retryable() && spare <= 0:
		return backoff.Permanent(e)
	case e.Retryable() && e.RetryAfter > 0: // never earlier, and not all of us at once
		return &backoff.RetryAfterError{Duration: e.RetryAfter + rand.N(min(spread, spare))} //nolint:gosec // no secret
	case e.Retryable():
		return e
	}
	return backoff.Permanent(e)
}

// warnSkew names a wrong clock that the token was obtained in spite of.
func (m *minter) warnSkew(skew time.Duration) {
	if m.corrected {
		m.h.warn(fmt.Sprintf("%s; the assertion was dated for it: set the clock (timedatectl set-ntp true; WSL: sudo hwclock -s)", apim.SkewText(skew)))
	}
}

// Label returns an API key's first and last four characters, to tell it from others; nothing of one shorter than 24.
func Label(key keystore.Secret) string {
	k := string(key.Reveal())
	if len(k) < 24 {
		return ""
	}
	return k[:4] + "..." + k[len(k)-4:]
}
