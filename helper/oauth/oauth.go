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
	"net/http"
	"os"

	"golang.org/x/oauth2"

	"cgp-cred/helper"
	"cgp-cred/helper/mint"
	"cgp-cred/helper/profile"
	"cgp-cred/helper/source"
	"cgp-cred/keystore/fault"
)

// TokenSource obtains the credentials of one profile. It is safe for concurrent use.
type TokenSource struct {
	*source.Source

	profile *profile.Profile
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
	return &TokenSource{Source: source.New(h, p), profile: p}
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

// Transport is [source.Transport] for a TokenSource. Unlike oauth2.Transport, which adds its token to every hop of a
// redirect, it is safe with http.Client's redirects.
type Transport struct {
	Source *TokenSource
	Base   http.RoundTripper // nil: http.DefaultTransport, with cgp-cred's reading of the proxy variables
}

// RoundTrip sends one request, with the credential if it is for the profile. The request itself is not changed.
func (t *Transport) RoundTrip(r *http.Request) (*http.Response, error) {
	return (&source.Transport{Source: t.Source.Source, Base: t.Base}).RoundTrip(r) //nolint:wrapcheck // it is the same
}

// ProxyError reports a request for a loopback host that the Base of a [Transport] would send through a proxy.
type ProxyError = source.ProxyError
