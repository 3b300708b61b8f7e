package doctor

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"net/netip"
	"net/url"
	"os"
	"slices"
	"strings"
	"time"

	"cgp-cred/helper/apim"
	"cgp-cred/helper/profile"
	"cgp-cred/keystore/printable"
)

// probed is what the first request found.
type probed struct {
	answer apim.Probe
	err    error
}

// tokenURL returns where the profile's tokens come from: the record's token URL, or the host's if the record has no
// URL or can't be read.
func (e *run) tokenURL() string {
	if e.record != nil && e.record.TokenURL != "" {
		return e.record.TokenURL
	}
	return apim.TokenURL(e.profile.Host)
}

// pingURL returns an address of the token endpoint's host that answers every caller: the identity service's _ping, or
// the front page if the token URL is not an identity service's.
func (e *run) pingURL() string {
	u, err := url.Parse(e.tokenURL())
	if err != nil {
		return e.tokenURL()
	}
	service, isToken := strings.CutSuffix(strings.TrimPrefix(u.Path, "/"), "/token")
	header, _ := apim.APIKeyHeader(e.profile.Host)
	isAPIM := e.profile.Auth == profile.JWT || header == "apikey"
	if isAPIM && isToken && !strings.Contains(service, "/") {
		u.Path = "/" + service + "/_ping"
	} else {
		u.Path = "/"
	}
	return u.String()
}

// dns looks up the host that cgp-cred connects to: the token endpoint's, or the proxy's.
func (e *run) dns(ctx context.Context) Result {
	host := apim.HostOf(e.tokenURL())
	proxy, err := apim.ProxyFor(e.tokenURL())
	switch {
	case err != nil:
		return skip("the proxy looks it up")
	case proxy.Host != "":
		host = proxy.Host
	}
	name := hostName(host)
	if _, err := netip.ParseAddr(name); err == nil {
		return skip("%s is an address", name)
	}
	ctx, stop := e.onNetwork(ctx)
	defer stop()
	found, err := apim.LookUp(ctx, host)
	if err != nil {
		return fail(err)
	}
	return ok("%s is %s", printable.Text(name), addresses(found))
}

// hostName returns a host without its port and brackets.
func hostName(host string) string {
	u := url.URL{Host: host}
	return u.Hostname()
}

// addresses returns a list of the first few addresses.
func addresses(all []netip.Addr) string {
	const most = 4
	var texts []string
	for _, a := range all[:min(len(all), most)] {
		texts = append(texts, a.Unmap().String())
	}
	if len(all) > most {
		texts = append(texts, fmt.Sprintf("%d more", len(all)-most))
	}
	return strings.Join(texts, ", ")
}

// proxy reports which proxy token requests use, and whether it lets cgp-cred through.
func (e *run) proxy(ctx context.Context) Result {
	proxy, err := apim.ProxyFor(e.tokenURL())
	if err != nil {
		return fail(err)
	}
	host := printable.Text(apim.HostOf(e.tokenURL()))
	if proxy.Host == "" {
		return ok("none for %s%s", host, whyNoProxy(proxy))
	}
	e.viaHost = printable.Text(proxy.Host)
	if e.blocked["dns"] != "" {
		return ok("%s for %s, if it can be found, from %s", e.viaHost, host, proxy.Variable)
	}
	var refused *apim.Error
	if p := e.ask(ctx); errors.As(p.err, &refused) && refused.AtProxy() {
		return fail(p.err)
	}
	return ok("%s for %s, from %s", e.viaHost, host, proxy.Variable)
}

// whyNoProxy names the variable that decided that there is no proxy, or one that does not count.
func whyNoProxy(p apim.Proxy) string {
	if p.Variable != "" {
		return ": " + p.Variable + " names it"
	}
	for _, name := range []string{"http_proxy", "HTTP_PROXY"} {
		if os.Getenv(name) != "" {
			return ": " + name + " is only for http; for https set HTTPS_PROXY"
		}
	}
	return ""
}

// ask makes the first request. It makes it only once.
func (e *run) ask(ctx context.Context) *probed {
	if e.ping != nil {
		return e.ping
	}
	e.ping = &probed{}
	client, err := e.helper.Client(e.profile)
	if err != nil {
		e.ping.err = err
		return e.ping
	}
	ctx, stop := e.onNetwork(ctx)
	defer stop()
	e.ping.answer, e.ping.err = client.Probe(ctx, e.pingURL(), nil)
	return e.ping
}

// tls reports the server's certificate. On a network that inspects TLS its issuer is not a public one.
func (e *run) tls(ctx context.Context) Result {
	if strings.HasPrefix(e.pingURL(), "http://") {
		return skip("plain http on this machine")
	}
	p := e.ask(ctx)
	if p.err != nil {
		return fail(p.err)
	}
	c := p.answer.TLS
	if c == nil || len(c.PeerCertificates) == 0 {
		return skip("the server showed no certificate")
	}
	leaf := c.PeerCertificates[0]
	r := ok(`%s, issuer "%s", until %s`, tls.VersionName(c.Version), printable.Text(leaf.Issuer.String()),
		leaf.NotAfter.UTC().Format(time.DateOnly))
	if added := e.addedRoot(c); added != "" {
		r.Detail += ", trusted through " + added
	}
	return r
}

// addedRoot returns the name of the file that holds the root of every chain that was found, or "".
func (e *run) addedRoot(c *tls.ConnectionState) string {
	for _, root := range e.Roots {
		held := certificates(root.File)
		if len(held) == 0 || len(c.VerifiedChains) == 0 {
			continue
		}
		outside := slices.IndexFunc(c.VerifiedChains, func(chain []*x509.Certificate) bool {
			return !slices.Contains(held, string(chain[len(chain)-1].Raw))
		})
		if outside < 0 {
			return root.Name
		}
	}
	return ""
}

// certificates returns the certificates of a PEM file, in DER.
func certificates(file string) []string {
	if file == "" {
		return nil
	}
	rest, err := apim.ReadCAFile(file)
	if err != nil {
		return nil
	}
	var all []string
	for {
		var block *pem.Block
		if block, rest = pem.Decode(rest); block == nil {
			return all
		}
		all = append(all, string(block.Bytes))
	}
}

// apim reports whether the server that answers is APIM.
func (e *run) apim(ctx context.Context) Result {
	p := e.ask(ctx)
	if p.err != nil {
		return fail(p.err)
	}
	a := p.answer
	what := fmt.Sprintf("%s answered %d", printable.Text(a.URL), a.Status)
	switch {
	case !strings.HasSuffix(a.URL, "/_ping"):
		return ok("%s", what) // not an identity service: any answer is fine
	case a.Status == 404:
		return warn("check the profile's host and token URL: cgp-cred status "+e.profile.Name,
			"%s: this is not API Management's identity service", what)
	}
	if err := a.Problem(); err != nil {
		return fail(err)
	}
	return ok("%s", what)
}

// clock compares this machine's clock with APIM's.
func (e *run) clock(context.Context) Result {
	if e.profile.Auth != profile.JWT {
		return skip("method %s does not need the clock", e.profile.Auth)
	}
	a := e.ping.answer
	if !a.Dated {
		return skip("the server sends no date")
	}
	e.skew, e.hasSkew = a.Skew, true
	switch {
	case a.Skew.Abs() <= apim.NoticeSkew:
		return ok("at most %v from APIM's", max(a.Skew.Abs(), time.Second))
	case apim.Correctable(a.Skew):
		return warn(apim.ClockHint, "%s; cgp-cred dates its assertions for that", apim.SkewText(a.Skew))
	}
	return warn(apim.ClockHint, "%s; that is too much for cgp-cred to correct", apim.SkewText(a.Skew))
}
