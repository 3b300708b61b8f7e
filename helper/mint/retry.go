package mint

import (
	"context"
	"errors"
	"math/rand/v2"
	"time"

	"github.com/cenkalti/backoff/v5"

	"cgp-cred/helper/apim"
	"cgp-cred/keystore"
	"cgp-cred/keystore/printable"
	"cgp-cred/keystore/record"
	"cgp-cred/keystore/signer"
)

// spread is the time over which processes that APIM told to wait come back.
const spread = time.Second

// session is one mint. The attempts with all keys share it.
type session struct {
	Minter
	client   *apim.Client
	record   *record.Record
	tokenURL string
	audience string
	about    apim.Subject

	left       time.Duration // time left for requests
	attempts   uint          // attempts left
	correction time.Duration // correction of a wrong clock; 0: the clock is not corrected
	quota      quota
}

// tries are the attempts with one key.
type tries struct {
	*session
	key    *record.Key
	signed keystore.Secret // the first assertion, until it is sent
	about  apim.Subject
	reused bool  // a jti was refused as reused, and another assertion was sent
	last   error // the last attempt's error; nil after a success
}

// try exchanges assertions of one key, a new one for each attempt: as often as attempts are left, and at least once.
// While APIM throttles it waits, and asks again. signed is false if the key could not sign.
func (s *session) try(ctx context.Context, key *record.Key) (t apim.Token, signed bool, err error) {
	k := &tries{session: s, key: key, about: s.about}
	k.about.KID = s.record.ShownKID(key)
	if k.signed, err = k.sign(ctx); err != nil {
		return t, false, err
	}
	for {
		t, err = k.retry(ctx)
		var refused *apim.Error
		if !errors.As(err, &refused) || !refused.Throttled() || !s.pause(ctx, refused, refused.RetryAfter) {
			return t, true, err
		}
		s.attempts++ // a throttled one does not count
	}
}

// retry makes attempts until one succeeds or is throttled, or none is left.
func (k *tries) retry(ctx context.Context) (t apim.Token, err error) {
	s := k.session
	left := s.quota.limit(s.left)
	ctx, stop := context.WithTimeout(ctx, left)
	defer stop()
	start := time.Now()
	defer func() { s.left -= time.Since(start) }()
	t, err = backoff.Retry(ctx, func() (apim.Token, error) { return k.attempt(ctx) },
		// A factor of 1 is full jitter: from nothing to twice the interval.
		backoff.WithBackOff(&backoff.ExponentialBackOff{
			InitialInterval: 500 * time.Millisecond, MaxInterval: 5 * time.Second, Multiplier: 2,
			RandomizationFactor: 1,
		}),
		backoff.WithNotify(func(_ error, wait time.Duration) { s.traceWait(wait) }),
		backoff.WithMaxTries(max(s.attempts, 1)),
		backoff.WithMaxElapsedTime(left)) // no waiting for an attempt that would come too late
	if k.last != nil { // the reason for the retry, not the deadline that ended it
		err = k.last
	}
	if err != nil && s.quota.refused != nil && errors.Is(ctx.Err(), context.DeadlineExceeded) {
		err = s.quota.refused // its wait took most of the time
	}
	return t, err
}

func (s *session) traceWait(wait time.Duration) {
	s.Report.Trace(1, "trying again in %v", wait.Round(time.Millisecond))
}

// attempt signs and sends one assertion. Its error tells backoff whether another attempt may succeed, and when.
func (k *tries) attempt(ctx context.Context) (apim.Token, error) {
	assertion := k.signed
	if k.signed = (keystore.Secret{}); assertion.IsZero() {
		if assertion, k.last = k.sign(ctx); k.last != nil {
			return apim.Token{}, backoff.Permanent(k.last)
		}
	}
	k.Report.Trace(1, "asking %s for a token, kid %q%s", k.tokenURL, k.about.KID, through(k.tokenURL))
	k.Report.Trace(2, "assertion: %s", apim.Describe(assertion, k.about.APIKey))
	k.attempts = max(k.attempts, 1) - 1
	start := time.Now()
	t, err := k.client.Exchange(ctx, k.tokenURL, assertion)
	k.Report.Trace(1, "%s after %v", outcome(err), time.Since(start).Round(time.Millisecond))
	k.last = err
	if err == nil {
		k.Report.Trace(1, "it lives for %v; the server's clock differs by %v", t.Expiry.Sub(t.FetchedAt), t.Skew)
		if k.correction != 0 {
			k.Report.Warn("%s; the assertion was dated for it: "+
				"set the clock (%s)", apim.SkewText(t.Skew), printable.SetClock())
		}
		return t, nil
	}
	var refused *apim.Error
	if !errors.As(err, &refused) {
		return t, backoff.Permanent(err)
	}
	refused.About = k.about
	return t, k.again(ctx, refused)
}

// sign makes an assertion.
func (k *tries) sign(ctx context.Context) (keystore.Secret, error) {
	if where := k.key.Signer.Where(); where != "" && k.WaitingFor != nil {
		late := time.AfterFunc(WaitingAfter, func() { k.WaitingFor(where) })
		defer late.Stop()
	}
	return apim.Assertion(signer.Within(ctx, k.key.Signer), apim.Claims{
		APIKey: k.record.APIKey, KID: k.key.KID, Audience: k.audience, Now: k.Now().Add(-k.correction),
	})
}

// through names the proxy of a request, to follow its address.
func through(tokenURL string) string {
	p, err := apim.ProxyFor(tokenURL)
	if err != nil || p.Variable == "" {
		return ""
	}
	return ", proxy: " + p.String()
}

func outcome(err error) string {
	if err != nil {
		return err.Error()
	}
	return "received a token"
}

// again marks an error as final, or says when to try once more. After a reused jti or a wrong clock it tries once
// more at once. After a failure on the way it waits first.
func (k *tries) again(ctx context.Context, e *apim.Error) error {
	deadline, _ := ctx.Deadline()
	spare := time.Until(deadline) - e.RetryAfter
	e.OneMore = true
	switch {
	case e.JTIReused() && !k.reused:
		k.reused = true
		return backoff.RetryAfter(0)
	case e.ClockWrong() && k.correction == 0 && e.Skew.Abs() >= apim.NoticeSkew && apim.Correctable(e.Skew):
		k.correction = min(max(e.Skew, -apim.MaxCorrection), apim.MaxCorrection)
		return backoff.RetryAfter(0)
	}
	e.OneMore = false
	switch {
	case e.Throttled(): // see pause
		return backoff.Permanent(e)
	case e.Retryable() && spare <= 0:
		return backoff.Permanent(e)
	case e.Retryable() && e.RetryAfter > 0: // not earlier, and not all callers at once
		return &backoff.RetryAfterError{Duration: e.RetryAfter + rand.N(min(spread, spare))} //nolint:gosec // no secret
	case e.Retryable():
		return e
	}
	return backoff.Permanent(e)
}
