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
	"cgp-cred/helper/profile"
	"cgp-cred/keystore/fault"
)

// TokenSource obtains the credentials of one profile. It is safe for concurrent use.
type TokenSource struct {
	helper  *helper.Helper
	profile *profile.Profile

	mu    sync.Mutex
	last  helper.Credential // a token, kept for those without a token cache; zero: none
	taken time.Time         // when it came
	good  time.Duration     // how long from then it has life enough
}

var _ oauth2.TokenSource = (*TokenSource)(nil)

// Open returns the source of a profile's tokens, as the command would choose and find it: an empty name is
// CGP_CRED_PROFILE, the default profile or the only one. Nothing is contacted before the first token. Errors are those
// of [helper.Open] and [helper.Helper.Resolve], for example a *profile.NoProfileError.
func Open(profileName string) (*TokenSource, error) {
	h, err := helper.Open(helper.OpenOptions{})
	if err != nil {
		return nil, err
	}
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

// NoBearerError is a profile whose credential is no Bearer token.
type NoBearerError struct{ Profile, Auth string }

func (e *NoBearerError) Error() string {
	return fmt.Sprintf("profile %q has method %s: its credential is no Bearer token", e.Profile, e.Auth)
}

// FaultClass returns [fault.Usage].
func (e *NoBearerError) FaultClass() fault.Class { return fault.Usage }

// FaultHints names what works.
func (e *NoBearerError) FaultHints() []string {
	return []string{"use oauth.Transport, which knows each method's header"}
}

// Token returns a token with at least a minute left, or half of its life where that is less. For a profile without
// Bearer tokens it is a [*NoBearerError]; other errors are those of [helper.Helper.Get]. It is as cheap as a look into
// memory, and needs no [oauth2.ReuseTokenSource].
func (s *TokenSource) Token() (*oauth2.Token, error) {
	if s.profile.Auth == profile.None {
		return nil, &NoBearerError{Profile: s.profile.Name, Auth: s.profile.Auth}
	}
	c, err := s.get(context.Background()) // the interface has no context; each step has a deadline of its own
	if err != nil {
		return nil, err
	}
	if !c.Bearer {
		return nil, &NoBearerError{Profile: c.Profile, Auth: c.Auth}
	}
	return &oauth2.Token{AccessToken: string(c.Secret.Reveal()), TokenType: "Bearer", Expiry: c.ExpiresAt}, nil
}

// get returns the profile's credential: the last token while it has life enough, else what the helper has.
func (s *TokenSource) get(ctx context.Context) (helper.Credential, error) {
	if c, ok := s.kept(); ok {
		return c, nil
	}
	// one at a time in the whole machine; the others find it cached
	c, err := s.helper.Get(ctx, s.profile, helper.Options{})
	if err != nil || c.Auth != profile.JWT {
		return c, err
	}
	left := time.Until(c.ExpiresAt)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.last, s.taken, s.good = c, time.Now(), left-min(helper.DefaultMinValid, left/2)
	return c, nil
}

// kept returns the last token while it has life enough.
func (s *TokenSource) kept() (helper.Credential, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.last, helper.Age(s.taken) < s.good
}

// refused drops a token that a server did not take, here and in the cache, unless there is a newer one by now.
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
