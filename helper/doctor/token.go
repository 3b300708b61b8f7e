package doctor

import (
	"context"
	"net/http"
	"net/url"
	"strings"
	"time"

	"cgp-cred/helper"
	"cgp-cred/helper/apim"
	"cgp-cred/helper/profile"
	"cgp-cred/keystore/printable"
)

// minted is how the token request ended.
type minted struct {
	at         time.Time
	credential helper.Credential
	err        error
}

// token fetches a new token, as get --force-new does. A reader reads the fleet's.
func (e *run) token(ctx context.Context) Result {
	if e.profile.Auth != profile.JWT {
		return skip("method %s needs no token", e.profile.Auth)
	}
	e.minted = &minted{at: time.Now()}
	e.minted.credential, e.minted.err = e.helper.Get(ctx, e.profile, helper.Options{ForceNew: !e.record.Reader()})
	if e.minted.err != nil {
		return fail(e.minted.err)
	}
	if e.record.Reader() {
		return ok("the fleet's, good for %v", e.minted.credential.ExpiresAt.Sub(e.minted.at).Round(time.Second))
	}
	return ok("a new one, good for %v", e.minted.credential.ExpiresAt.Sub(e.minted.at).Round(time.Second))
}

// Addresses that touch no patient data, below the profile's host.
const (
	helloAPI  = "hello-world"
	helloPath = "/" + helloAPI + "/hello/application"
)

// base returns the profile's host as a URL without a path.
func (e *run) base() url.URL {
	u, err := url.Parse(e.tokenURL())
	if err != nil || u.Host != e.profile.Host {
		u, err = url.Parse(apim.TokenURL(e.profile.Host))
	}
	if err != nil {
		return url.URL{Scheme: "https", Host: e.profile.Host}
	}
	return url.URL{Scheme: u.Scheme, Host: u.Host}
}

// api asks for the _ping of the profile's API, which answers every caller.
func (e *run) api(ctx context.Context) Result {
	if e.profile.APIName == "" {
		return skip("the profile names no API (--api-name)")
	}
	u := e.base()
	u.Path = "/" + e.profile.APIName + "/_ping"
	return e.visit(ctx, u, nil)
}

// call sends the credential to an API that holds no patient data, if the host has one and the profile covers it.
func (e *run) call(ctx context.Context) Result {
	u := e.base()
	u.Path = helloPath
	host := e.profile.Host
	switch {
	case e.profile.Auth == profile.None:
		return skip("method none sends no credential")
	case !apim.Loopback(host) && !apim.Sandbox(host) && e.profile.APIName != helloAPI:
		return skip("no API without patient data is known for %s", profile.Target(e.profile.Host, e.profile.APIName))
	case !e.profile.Covers(&u):
		return skip("the profile covers only %s", profile.Target(e.profile.Host, e.profile.APIName))
	}
	c, err := e.credential(ctx)
	if err == nil {
		err = apim.CheckListener(host)
	}
	if err != nil {
		return fail(err)
	}
	r := e.visit(ctx, u, http.Header{http.CanonicalHeaderKey(c.Header): {c.Value()}})
	if missing(r) && e.profile.APIName != helloAPI {
		return skip("%s has no Hello World API", host)
	}
	return r
}

// credential returns the token that was just fetched, or the API key.
func (e *run) credential(ctx context.Context) (helper.Credential, error) {
	if e.minted != nil {
		return e.minted.credential, e.minted.err
	}
	return e.helper.Get(ctx, e.profile, helper.Options{})
}

// visit asks for an address and says with which status it answered.
func (e *run) visit(ctx context.Context, u url.URL, header http.Header) Result {
	ctx, stop := e.onNetwork(ctx)
	defer stop()
	client, err := e.helper.Client(e.profile)
	if err != nil {
		return fail(err)
	}
	a, err := client.Probe(ctx, u.String(), header)
	if err == nil {
		err = a.Problem()
	}
	if err != nil {
		return fail(err)
	}
	return ok("%s answered %d", printable.Text(strings.TrimPrefix(a.URL, "https://")), a.Status)
}

// missing reports whether the answer was a 404.
func missing(r Result) bool {
	refused, ok := r.Err.(*apim.Error) //nolint:errorlint // visit returns it as it is
	return ok && refused.Status == http.StatusNotFound
}
