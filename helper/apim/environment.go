// Package apim speaks to NHS England's API Management (APIM): its hosts and header rules, the signed client assertion
// (RFC 7523), its exchange for an access token (RFC 6749 section 4.4), the public key set to register (RFC 7517), and
// what each of its refusals means.
package apim

import (
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"strconv"
	"strings"
)

// production is the host of the prod environment; every other environment is a name before it.
const production = "api.service.nhs.uk"

// HostError is a host name that can't be a profile's.
type HostError struct {
	Host    string // as given
	Problem string // what is wrong with it, in our own words
}

func (e *HostError) Error() string {
	host := e.Host
	if at := strings.LastIndexByte(host, '@'); at >= 0 { // a user's name, and perhaps a password
		host = "[redacted]" + host[at:]
	}
	return fmt.Sprintf("host %q: %s", host, e.Problem)
}

// Hint says what a host looks like.
func (e *HostError) Hint() string {
	return "give a host name such as int.api.service.nhs.uk or 127.0.0.1:8080, or an environment: " +
		"prod int dev ref sandbox internal-dev internal-qa internal-dev-sandbox internal-qa-sandbox"
}

// ParseHost returns the host that s means: an APIM environment's name ("int"), or a host name with an optional port. It
// is lower case and without the port 443 (but for loopback, where the default scheme is http). A scheme, path, user
// information, blank, trailing dot or letter beyond ASCII is a [HostError].
func ParseHost(s string) (string, error) {
	host := strings.ToLower(s)
	if problem := hostProblem(host); problem != "" {
		return "", &HostError{Host: s, Problem: problem}
	}
	if h, ok := strings.CutSuffix(host, ":443"); ok && !Loopback(host) {
		host = h
	}
	switch host { // last: what comes out means the same when it goes in again
	case "prod":
		return production, nil
	case "int", "dev", "ref", "sandbox", "internal-dev", "internal-qa", "internal-dev-sandbox", "internal-qa-sandbox":
		return host + "." + production, nil
	}
	return host, nil
}

// hostProblem says what is wrong with a lower-case host, or nothing.
func hostProblem(host string) string {
	switch {
	case host == "":
		return "it is empty"
	case strings.Contains(host, "://"):
		return "it has a scheme; give the host name alone"
	case strings.ContainsAny(host, "/?#"):
		return "it has a path; give the host name alone"
	case strings.Contains(host, "@"):
		return "it has user information; give the host name alone"
	case len(host) > 253+len(":65535"):
		return "it is too long"
	}
	name, port := host, ""
	if i := strings.LastIndexByte(host, ':'); i >= 0 && !strings.HasSuffix(host, "]") {
		name, port = host[:i], host[i+1:]
		if n, err := strconv.ParseUint(port, 10, 16); err != nil || n == 0 || port[0] == '0' {
			return "its port is not a number from 1 to 65535"
		}
	}
	if strings.HasPrefix(name, "[") {
		if a, err := netip.ParseAddr(strings.Trim(name, "[]")); err != nil || !a.Is6() || a.Zone() != "" || "["+a.String()+"]" != name {
			return "its IPv6 address is not in the form [::1]"
		}
		return ""
	}
	return nameProblem(name)
}

// nameProblem says what is wrong with a DNS name or an IPv4 address, or nothing.
func nameProblem(name string) string {
	if strings.HasSuffix(name, ".") {
		return "it ends in a dot"
	}
	for label := range strings.SplitSeq(name, ".") {
		if label == "" || len(label) > 63 || label[0] == '-' || label[len(label)-1] == '-' {
			return "it is not a DNS name"
		}
		for _, r := range label {
			if r > 0x7e {
				return "it has letters beyond ASCII; give its xn-- form if it is really meant"
			}
			if (r < 'a' || r > 'z') && (r < '0' || r > '9') && r != '-' {
				return "it is not a DNS name"
			}
		}
	}
	return ""
}

// Loopback reports whether host (as [ParseHost] returns it) is this machine by name: localhost, a dotted quad of
// 127.0.0.0/8, or [::1]; nothing else, whatever it resolves to.
func Loopback(host string) bool {
	name := host
	if n, _, err := net.SplitHostPort(host); err == nil {
		name = n
	}
	name = strings.Trim(name, "[]")
	if name == "localhost" || name == "::1" {
		return true
	}
	a, err := netip.ParseAddr(name)
	return err == nil && a.Is4() && a.As4()[0] == 127
}

// Sandbox reports whether host is one of APIM's sandboxes, whose APIs (but for Hello World) need no credential.
func Sandbox(host string) bool {
	env, ok := strings.CutSuffix(host, "."+production)
	return ok && (env == "sandbox" || env == "internal-dev-sandbox" || env == "internal-qa-sandbox")
}

// APIKeyHeader returns the header that carries an API key to host: APIM's own is apikey; Genomics England's gateways
// take it as a Bearer token; any other host X-API-Key.
func APIKeyHeader(host string) (header string, bearer bool) {
	switch {
	case host == production, strings.HasSuffix(host, "."+production), Loopback(host):
		return "apikey", false
	case strings.HasSuffix(host, ".aws.gel.ac"):
		return "Authorization", true
	}
	return "X-API-Key", false
}

// TokenURL returns the token endpoint of host.
func TokenURL(host string) string {
	scheme := "https"
	if Loopback(host) {
		scheme = "http"
	}
	return scheme + "://" + host + "/oauth2/token"
}

// CheckTokenURL says what is wrong with a token URL that a user gave, or returns nil. It must be https, or http on
// loopback, and without user information, query and fragment: APIM compares the audience with the URL as called.
func CheckTokenURL(s string) error {
	u, err := url.Parse(s)
	switch {
	case err != nil || u.Host == "" || u.Opaque != "":
		return fmt.Errorf("token URL: it is not a URL such as https://int.api.service.nhs.uk/oauth2/token")
	case u.User != nil || u.RawQuery != "" || u.ForceQuery || u.Fragment != "":
		return fmt.Errorf("token URL: it may not have user information, a query or a fragment")
	case u.Scheme == "https", u.Scheme == "http" && Loopback(u.Host):
	default:
		return fmt.Errorf("token URL: its scheme must be https (http on loopback alone)")
	}
	if problem := hostProblem(u.Host); problem != "" {
		return &HostError{Host: u.Host, Problem: problem}
	}
	return nil
}
