// Package oauth gives Go programs the tokens of a cgp-cred profile: as a [golang.org/x/oauth2.TokenSource], or as an
// http.RoundTripper that adds them to the requests they are for.
//
//	source, err := oauth.Open("int")
//	if err != nil {
//		return err
//	}
//	client := &http.Client{Transport: &oauth.Transport{Source: source}}
//
// The keys stay in the keychain, and the token cache is shared with the command and all other programs of the user.
package oauth

import (
	"context"
	"fmt"
	"net/url"
	"os"
	"sync"
	"time"

	"golang.org/x/oauth2"

	"cgp-cred/helper"
	"cgp-cred/helper/mint"
	"cgp-cred/helper/profile"
	"cgp-cred/keystore/fault"
)

// TokenSource obtains the credentials of one profile. It is safe for concurrent use.
type TokenSource struct {
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

var _ oauth2.TokenSource = (*TokenSource)(nil)

// Open returns the source of a profile's tokens. It chooses the profile as the command does: an empty name means
// CGP_CRED_PROFILE, the default profile or the only profile. It contacts nothing before the first token. Its errors are
// those of [helper.Open] and [helper.Helper.Resolve], for example a *profile.NoProfileError.
func Open(profileName string) (*TokenSource, error) {
	h, err := helper.Open(helper.OpenOptions{})
	if err != nil {
		return nil, err
	}
	h.Patience = mint.Patience
	p, _, err := h.Resolve(profile.Ask{Name: profileName, Env: os.Getenv("CGP_CRED_PROFILE")})
	if err != nil {
		return nil, err
	}
	return New(h, p), nil
}

// New returns the source of p's tokens, obtained by h. Open is simpler.
func New(h *helper.Helper, p *profile.Profile) *TokenSource {
	return &TokenSource{helper: h, profile: p}
}

// Young returns another source of the same tokens, for those who hand them on to programs that ask again only when a
// token ends, or that do so a minute or more before. A token has at least half of its life left, unless no new one can
// be had. The source asks the helper each time, so that a token which the user erased is not handed on.
func (s *TokenSource) Young() *TokenSource {
	return &TokenSource{helper: s.helper, profile: s.profile, young: true}
}

// NoBearerError reports a profile whose credential is not a Bearer token.
type NoBearerError struct{ Profile, Auth string }

func (e *NoBearerError) Error() string {
	return fmt.Sprintf("profile %q has method %s: its credential is not a Bearer token", e.Profile, e.Auth)
}

// FaultClass returns [fault.Usage].
func (e *NoBearerError) FaultClass() fault.Class { return fault.Usage }

// FaultHints says what works instead.
func (e *NoBearerError) FaultHints() []string {
	return []string{"use oauth.Transport, which knows each method's header"}
}

// Token returns a token with at least a minute left, or with half its life left if that is less. For a profile
// without Bearer tokens its error is a [*NoBearerError]; other errors are those of [helper.Helper.Get]. It usually
// only reads memory, so it needs no [oauth2.ReuseTokenSource].
func (s *TokenSource) Token() (*oauth2.Token, error) {
	if s.profile.Auth == profile.None {
		return nil, &NoBearerError{Profile: s.profile.Name, Auth: s.profile.Auth}
	}
	c, err := s.Credential(context.Background()) // the interface has no context; each step has its own deadline
	if err != nil {
		return nil, err
	}
	if !c.Bearer {
		return nil, &NoBearerError{Profile: c.Profile, Auth: c.Auth}
	}
	return &oauth2.Token{AccessToken: string(c.Secret.Reveal()), TokenType: "Bearer", Expiry: c.ExpiresAt}, nil
}

// pause is how long no new token is asked for after a failure, while the old one can be used.
const pause = 5 * time.Second

// Credential returns what to send: the last token while it has enough life left, otherwise the helper's. However many
// goroutines ask, one call of the helper is under way at a time, and it does not end with ctx. A token that has little life
// left, and not yet too little, is returned while a new one is fetched. For the errors see [helper.Helper.Get].
func (s *TokenSource) Credential(ctx context.Context) (helper.Credential, error) {
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
func (s *TokenSource) fetch(ctx context.Context, f *fetch) {
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
func (s *TokenSource) isCached(ctx context.Context, c helper.Credential) bool {
	if c.Cached {
		return true
	}
	_, expires := s.helper.Manage().Cached(ctx, s.profile)
	return !expires.IsZero()
}

// Refused drops a token that a server did not accept, here and in the cache, unless there is a newer one by now.
func (s *TokenSource) Refused(ctx context.Context, c helper.Credential) error {
	s.mu.Lock()
	if s.last.Secret.Equal(c.Secret) {
		s.last, s.good, s.usable = helper.Credential{}, 0, 0
	}
	s.mu.Unlock()
	return s.helper.EraseToken(ctx, s.profile, string(c.Secret.Reveal()))
}

// covers reports whether the profile's credential may be sent to u.
func (s *TokenSource) covers(u *url.URL) bool { return s.profile.Covers(u) }
