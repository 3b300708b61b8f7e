package mint

import (
	"context"
	"errors"
	"math/rand/v2"
	"time"

	"cgp-cred/helper/apim"
	"cgp-cred/keystore/await"
)

const (
	// Patience is how long the requests of a mint may take while APIM throttles, if no user waits at a terminal. The
	// quota is for a minute.
	Patience = 90 * time.Second

	// window is within which a throttled mint asks again. APIM does not say when, and all processes that it throttled
	// in the same second must not come back in the same second.
	window = 30 * time.Second

	// lastTries is how often a mint asks again when less than a window is left.
	lastTries = 2
)

// Quota is what a caller knows about the quota of token requests before a mint.
type Quota struct {
	Refused *apim.Error   // the last refusal; nil: none is known
	Wait    time.Duration // until the earliest sensible request
	Waited  time.Duration // how long the caller has waited by now
}

// Longest returns how long all requests of one mint may take, with the waits while APIM throttles.
func (m Minter) Longest() time.Duration {
	if m.Hurry {
		return m.RequestTime()
	}
	return max(m.RequestTime(), m.Patience)
}

// patience returns how long all requests of one mint may take while APIM throttles.
func (m Minter) patience() time.Duration {
	if m.Patience > 0 {
		return m.Patience
	}
	return m.RequestTime()
}

func (m Minter) window() time.Duration {
	if m.Window > 0 {
		return m.Window
	}
	return window
}

// Waits reports whether a mint may wait for left until the earliest sensible request, after patience for waited.
func (m Minter) Waits(left, waited time.Duration) bool {
	return !m.Hurry && left < longest(m.patience()-waited)
}

// WaitsOn reports whether a caller that another process's refusal reaches after it has waited may wait for another
// window.
func (m Minter) WaitsOn(waited time.Duration) bool { return m.Waits(m.window(), waited) }

// quota is a session's way through throttling.
type quota struct {
	begun    time.Time
	deadline time.Time   // of the last request after throttling
	waits    int         // how often it has waited
	last     int         // how often it has waited with less than a window left
	refused  *apim.Error // the last one that was throttled; nil: none was
}

func newQuota(m Minter) quota {
	now := time.Now()
	return quota{begun: now, deadline: now.Add(m.patience() - m.Quota.Waited)}
}

// limit returns how long requests may take if left is how long they usually may.
func (q *quota) limit(left time.Duration) time.Duration {
	if q.refused == nil {
		return left
	}
	return min(left, time.Until(q.deadline))
}

// pause waits until the token endpoint may be asked again after it throttled a request, least at least. It reports
// false if there is no time for that.
func (s *session) pause(ctx context.Context, e *apim.Error, least time.Duration) bool {
	wait, ok := s.quota.next(least, s.window())
	if s.Hurry || !ok {
		return false
	}
	s.quota.refused = e
	s.quota.waits++
	if s.Throttled != nil {
		s.Throttled(e, wait)
	}
	if s.quota.waits == 1 {
		s.Warn("asking again in %v, for at most %v", wait, time.Until(s.quota.deadline))
	}
	s.traceWait(wait)
	return await.Sleep(ctx, wait) == nil
}

// longest returns the longest wait after which some of the time that is left remains for a request.
func longest(left time.Duration) time.Duration { return left - min(left/5, 5*time.Second) }

// Warn tells the user that APIM throttles, what happens now, and how long that takes.
func (m Minter) Warn(what string, times ...time.Duration) {
	rounded := make([]any, len(times))
	for i, t := range times {
		rounded[i] = max(t.Round(time.Second), time.Second)
	}
	m.Report.Warn("API Management allows no more token requests now (429): "+what, rounded...)
}

// next chooses a wait at random.
func (q *quota) next(least, window time.Duration) (time.Duration, bool) {
	left := time.Until(q.deadline)
	most := longest(left)
	switch {
	case least > 0 && least < most: // not earlier, and more spread out with each time
		spread := max(time.Second, least/2) << min(q.waits, 5)
		return least + random(min(spread, window, most-least)), true
	case least > 0 || most <= 0:
		return 0, false
	case left < window:
		if q.last++; q.last > lastTries {
			return 0, false
		}
	}
	shortest, most := min(time.Second, most/2), min(window, most)
	if q.waits > 0 { // those that are still throttled come back later, so that fewer requests are in vain
		shortest = max(shortest, most/2)
	}
	return shortest + random(most-shortest), true
}

func random(most time.Duration) time.Duration {
	return rand.N(max(most, 1)) //nolint:gosec // no secret
}

// told adds to the error of a throttled mint how long the caller has waited.
func (s *session) told(err error) error {
	var e *apim.Error
	if errors.As(err, &e) && e.Throttled() && s.quota.waits > 0 {
		e.Waited = s.Quota.Waited + time.Since(s.quota.begun)
	}
	return err
}
