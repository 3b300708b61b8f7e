// Package source gives one process the credentials of a profile, however many goroutines ask, and adds them to the
// requests that they are for. Its user for other modules is package oauth.
package source

import (
	"context"
	"fmt"
	"net/url"
	"sync"
	"time"

	"cgp-cred/helper"
	"cgp-cred/helper/profile"
	"cgp-cred/keystore/fault"
)

// Source obtains the credentials of one profile. It is safe for concurrent use.
type Source struct {
	helper  *helper.Helper
	profile *profile.Profile
	young   bool // its tokens have half of their life left

	mu      sync.Mutex
	last    helper.Credential // the last token, kept for machines without a token cache; zero: no token
	taken   time.Time         // when the token was received
	good    time.Duration     // how long from then it has enough life left
	usable  time.Duration     // how long from then it may be used while no new one can be had
	fetched *fetch            // the one call of the helper that is under way, or nil
	failed  time.Time         // when the last call failed while there was a usable token
}

// fetch is one call of the helper, for all who wait for a credential.
type fetch struct {
	done       chan struct{} // closed when the other fields are set
	credential helper.Credential
	err        error
}

// New returns the source of p's credentials, obtained by h.
func New(h *helper.Helper, p *profile.Profile) *Source {
	return &Source{helper: h, profile: p}
}

// Young returns another source of the same tokens, for those who hand them on to programs that ask again only when a
// token ends, or that do so a minute or more before. A token has at least half of its life left, unless no new one can
// be had. The source asks the helper each time, so that a token which the user erased is not handed on.
func (s *Source) Young() *Source {
	return &Source{helper: s.helper, profile: s.profile, young: true}
}

// pause is how long no new token is asked for after a failure, while the old one can be used.
const pause = 5 * time.Second

// Credential returns what to send: the last token while it has enough life left, otherwise the helper's. However many
// goroutines ask, one call of the helper is under way at a time, and it does not end with ctx. A token that has
// little life left, and not yet too little, is returned while a new one is fetched. For the errors see
// [helper.Helper.Get].
func (s *Source) Credential(ctx context.Context) (helper.Credential, error) {
	s.mu.Lock()
	age := helper.Age(s.taken)
	if age < s.good || age < s.usable && helper.Age(s.failed) < pause {
		defer s.mu.Unlock()
		return s.last, nil
	}
	f := s.fetched
	if f == nil {
		f = &fetch{done: make(chan struct{})}
		s.fetched = f
		go s.fetch(context.WithoutCancel(ctx), f) // each of its steps has a deadline
	}
	last, usable := s.last, age < s.usable
	s.mu.Unlock()
	if usable && !s.young {
		return last, nil
	}
	select {
	case <-f.done:
		if f.err != nil && usable && fault.ClassOf(f.err) != fault.Refused {
			return last, nil
		}
		return f.credential, f.err
	case <-ctx.Done():
		return helper.Credential{}, fmt.Errorf("waiting for a token: %w", ctx.Err())
	}
}

// fetch calls the helper, and keeps its token.
func (s *Source) fetch(ctx context.Context, f *fetch) {
	f.credential, f.err = s.helper.Get(ctx, s.profile, helper.Options{Young: s.young})
	keep := f.err == nil && f.credential.Auth == profile.JWT && !(s.young && s.isCached(ctx, f.credential))
	s.mu.Lock()
	defer s.mu.Unlock()
	s.fetched = nil
	switch {
	case f.err != nil:
		s.failed = time.Now()
	case keep:
		left := time.Until(f.credential.ExpiresAt)
		s.last, s.taken = f.credential, time.Now()
		s.good, s.usable = left-min(helper.DefaultMinValid, left/2), left-min(helper.DefaultMinValid/4, left/4)
		if s.young {
			s.good = left - f.credential.ExpiresAt.Sub(f.credential.FetchedAt)/2
		}
	}
	close(f.done)
}

// isCached reports whether a token is in the token cache.
func (s *Source) isCached(ctx context.Context, c helper.Credential) bool {
	if c.Cached {
		return true
	}
	_, expires := s.helper.Manage().Cached(ctx, s.profile)
	return !expires.IsZero()
}

// Refused drops a token that a server did not accept, here and in the cache, unless there is a newer one by now.
func (s *Source) Refused(ctx context.Context, c helper.Credential) error {
	s.mu.Lock()
	if s.last.Secret.Equal(c.Secret) {
		s.last, s.good, s.usable = helper.Credential{}, 0, 0
	}
	s.mu.Unlock()
	return s.helper.EraseToken(ctx, s.profile, string(c.Secret.Reveal()))
}

// covers reports whether the profile's credential may be sent to u.
func (s *Source) covers(u *url.URL) bool { return s.profile.Covers(u) }
