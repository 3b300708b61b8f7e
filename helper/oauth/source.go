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

	mu    sync.Mutex
	last  helper.Credential // the last token, kept for machines without a token cache; zero: no token
	taken time.Time         // when the token was received
	good  time.Duration     // how long from then it has enough life left
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
	c, err := s.get(context.Background()) // the interface has no context; each step has its own deadline
	if err != nil {
		return nil, err
	}
	if !c.Bearer {
		return nil, &NoBearerError{Profile: c.Profile, Auth: c.Auth}
	}
	return &oauth2.Token{AccessToken: string(c.Secret.Reveal()), TokenType: "Bearer", Expiry: c.ExpiresAt}, nil
}

// get returns the profile's credential: the last token while it has enough life left, otherwise the helper's.
func (s *TokenSource) get(ctx context.Context) (helper.Credential, error) {
	if c, ok := s.kept(); ok {
		return c, nil
	}
	c, err := s.helper.Get(ctx, s.profile, helper.Options{}) // one process mints at a time; the others find its token
	if err != nil || c.Auth != profile.JWT {
		return c, err
	}
	left := time.Until(c.ExpiresAt)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.last, s.taken, s.good = c, time.Now(), left-min(helper.DefaultMinValid, left/2)
	return c, nil
}

// kept returns the last token, and whether it has enough life left.
func (s *TokenSource) kept() (helper.Credential, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.last, helper.Age(s.taken) < s.good
}

// refused drops a token that a server did not accept, here and in the cache, unless there is a newer one by now.
func (s *TokenSource) refused(ctx context.Context, c helper.Credential) error {
	s.mu.Lock()
	if s.last.Secret.Equal(c.Secret) {
		s.last, s.good = helper.Credential{}, 0
	}
	s.mu.Unlock()
	return s.helper.EraseToken(ctx, s.profile, string(c.Secret.Reveal()))
}

// covers reports whether the profile's credential may be sent to u.
func (s *TokenSource) covers(u *url.URL) bool { return s.profile.Covers(u) }
