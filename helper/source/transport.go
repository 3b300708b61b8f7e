package source

import (
	"errors"
	"fmt"
	"io"
	"net/http"

	"cgp-cred/helper"
	"cgp-cred/helper/apim"
	"cgp-cred/helper/profile"
	"cgp-cred/keystore/fault"
)

// Transport adds a profile's credential to the requests that the profile covers, in its method's header, and to no
// other request: a redirect to another host, port or API is followed without it. After a 401 it drops the token, and
// sends the request once more with a new one if it can get the body again (http.Request.GetBody). If it can't get a
// credential, it sends nothing.
//
// If the profile's host is loopback, the credential stays on this machine. Without a Base no proxy is used, and
// localhost is not looked up. If the Base is an *http.Transport and has a proxy for the request, the error is a
// [ProxyError].
//
// Unlike oauth2.Transport, which adds its token to every hop of a redirect, it is safe with http.Client's redirects.
type Transport struct {
	Source *Source
	Base   http.RoundTripper // nil: http.DefaultTransport, with cgp-cred's reading of the proxy variables
}

// RoundTrip sends one request, with the credential if it is for the profile. The request itself is not changed.
func (t *Transport) RoundTrip(r *http.Request) (*http.Response, error) {
	if !t.Source.covers(r.URL) {
		return t.otherwise().RoundTrip(t.Source.without(r))
	}
	base, err := t.base(r)
	if err != nil {
		return nil, errors.Join(err, closeBody(r))
	}
	c, err := t.Source.Credential(r.Context())
	if err != nil {
		return nil, errors.Join(err, closeBody(r))
	}
	res, err := base.RoundTrip(with(r, c))
	if err != nil || res.StatusCode != http.StatusUnauthorized || c.Auth != profile.JWT {
		return res, err
	}
	again, ok := t.retry(r, c)
	if !ok {
		return res, nil
	}
	_, _ = io.Copy(io.Discard, io.LimitReader(res.Body, 64<<10)) // so that the connection can be used again
	_ = res.Body.Close()
	return base.RoundTrip(again)
}

// retry returns the request with a new token and a new body, if it can get both.
func (t *Transport) retry(r *http.Request, refused helper.Credential) (*http.Request, bool) {
	if t.Source.Refused(r.Context(), refused) != nil {
		return nil, false
	}
	hasBody := r.Body != nil && r.Body != http.NoBody
	if hasBody && r.GetBody == nil {
		return nil, false // the next request has a new token
	}
	c, err := t.Source.Credential(r.Context())
	if err != nil || c.Secret.Equal(refused.Secret) {
		return nil, false
	}
	again := with(r, c)
	if hasBody {
		if again.Body, err = r.GetBody(); err != nil {
			return nil, false
		}
	}
	return again, true
}

// ProxyError reports a request for a loopback host that the Base of a [Transport] would send through a proxy.
type ProxyError struct{ Host string }

func (e *ProxyError) Error() string {
	return fmt.Sprintf("the transport has a proxy for %s, and a credential for this machine goes to no proxy: "+
		"nothing was sent", e.Host)
}

// FaultClass returns [fault.Usage].
func (e *ProxyError) FaultClass() fault.Class { return fault.Usage }

// FaultHints says what to change in the program.
func (e *ProxyError) FaultHints() []string {
	return []string{"leave Base out, or give it a Proxy that returns nil for loopback hosts"}
}

// base returns the transport of a request that the profile covers.
func (t *Transport) base(r *http.Request) (http.RoundTripper, error) {
	local := apim.Loopback(t.Source.profile.Host)
	switch {
	case t.Base == nil && local:
		return apim.Local(), nil
	case t.Base == nil:
		return apim.Remote(), nil
	case !local:
		return t.Base, nil
	}
	if own, ok := t.Base.(*http.Transport); ok && own.Proxy != nil {
		if proxy, err := own.Proxy(r); err != nil || proxy != nil {
			return nil, &ProxyError{Host: t.Source.profile.Host}
		}
	}
	return t.Base, nil
}

// otherwise returns the transport of a request that is not for the profile.
func (t *Transport) otherwise() http.RoundTripper {
	if t.Base != nil {
		return t.Base
	}
	return http.DefaultTransport
}

// with returns the request with the credential in its header, instead of any value that the header has.
func with(r *http.Request, c helper.Credential) *http.Request {
	if c.Header == "" {
		return r
	}
	clone := r.Clone(r.Context())
	clone.Header.Set(c.Header, c.Value())
	return clone
}

// without returns the request without the token. A caller may have copied it from a request that the profile covers.
func (s *Source) without(r *http.Request) *http.Request {
	s.mu.Lock()
	c := s.last
	s.mu.Unlock()
	if c.Header == "" || r.Header.Get(c.Header) != c.Value() {
		return r
	}
	clone := r.Clone(r.Context())
	clone.Header.Del(c.Header)
	return clone
}

// closeBody closes the body of a request that is not sent, as a RoundTripper must.
func closeBody(r *http.Request) error {
	if r.Body == nil {
		return nil
	}
	return r.Body.Close()
}
