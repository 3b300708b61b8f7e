package simulator

import (
	"crypto/rand"
	"crypto/sha256"
	"sync"
	"time"
)

// jtiLife is how long APIM remembers a jti (PopulateCache.JTIClaim.xml).
const jtiLife = 30 * 24 * time.Hour

// replays remembers the jti of every assertion whose claims passed the checks.
type replays struct {
	mu   sync.Mutex
	used map[[sha256.Size]byte]time.Time
}

// burn uses up the assertion's jti. It first refuses a jti that was used before, then an exp that is too far ahead, and
// only then stores the jti, in APIM's order.
func (c *replays) burn(a *assertion, now time.Time) row {
	return c.use(a, now, a.tooFar(now))
}

// use remembers a jti, and refuses one that was used before. With tooFar it only looks.
func (c *replays) use(a *assertion, now time.Time, tooFar bool) row {
	sub := sha256.Sum256([]byte(a.subject()))
	key := sha256.Sum256(append(sub[:], a.claims.text("jti")...))
	c.mu.Lock()
	defer c.mu.Unlock()
	if at, ok := c.used[key]; ok && now.Sub(at) < jtiLife {
		return replayedJTI
	}
	if tooFar {
		return expTooFar
	}
	if c.used == nil {
		c.used = make(map[[sha256.Size]byte]time.Time)
	}
	sweep(c.used, func(at time.Time) bool { return now.Sub(at) >= jtiLife })
	c.used[key] = now
	return admitted
}

// sweep removes old entries each time a map is about to reach a multiple of 1024 entries.
func sweep[K comparable, V any](m map[K]V, old func(V) bool) {
	if len(m)%1024 != 1023 {
		return
	}
	for k, v := range m {
		if old(v) {
			delete(m, k)
		}
	}
}

// quota counts the calls of each application within the last minute.
type quota struct {
	most  int // negative: any number
	mu    sync.Mutex
	calls map[string][]time.Time
}

// allow counts a call, or refuses it without counting it.
func (q *quota) allow(app string, now time.Time) bool {
	if q.most < 0 {
		return true
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.calls == nil {
		q.calls = make(map[string][]time.Time)
	}
	recent := q.calls[app]
	for len(recent) > 0 && now.Sub(recent[0]) >= time.Minute {
		recent = recent[1:]
	}
	ok := len(recent) < q.most
	if ok {
		recent = append(recent, now)
	}
	q.calls[app] = recent
	return ok
}

// tokens holds the access tokens that were issued, and when each expires.
type tokens struct {
	mu  sync.Mutex
	all map[string]time.Time
}

// States of a token.
const (
	unknownToken = iota
	expiredToken
	liveToken
)

func (t *tokens) add(now time.Time, life time.Duration) string {
	token := opaque()
	t.put(token, now, life)
	return token
}

// put remembers a token.
func (t *tokens) put(token string, now time.Time, life time.Duration) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.all == nil {
		t.all = make(map[string]time.Time)
	}
	sweep(t.all, func(end time.Time) bool { return now.Sub(end) > 24*time.Hour })
	t.all[token] = now.Add(life)
}

func (t *tokens) state(token string, now time.Time) int {
	t.mu.Lock()
	defer t.mu.Unlock()
	end, ok := t.all[token]
	switch {
	case !ok:
		return unknownToken
	case !now.Before(end):
		return expiredToken
	}
	return liveToken
}

// opaque returns a token of 28 letters and digits, as APIM's are.
func opaque() string {
	const letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
	token := make([]byte, 0, 28)
	var b [64]byte
	for len(token) < cap(token) {
		rand.Read(b[:])
		for _, c := range b {
			// 248 is the last multiple of 62: without the check some letters would be more likely.
			if c < 248 && len(token) < cap(token) {
				token = append(token, letters[c%62])
			}
		}
	}
	return string(token)
}
