package apim

import (
	"net"
	"net/netip"
	"strconv"
	"strings"

	"cgp-cred/keystore/fault"
	"cgp-cred/keystore/printable"
)

// badHost returns the error for a host name that a profile can't have.
func badHost(host, problem string) error {
	if at := strings.LastIndexByte(host, '@'); at >= 0 { // a user's name, and perhaps a password
		host = "[redacted]" + host[at:]
	}
	quoted := printable.Quote(host) // a letter that only looks like one of ASCII shows
	if e := strings.ReplaceAll(strings.TrimSpace(lowerASCII(host)), "_", "-"); isEnvironment(e) {
		return fault.New(fault.Usage, "--host "+e, "host %s: %s: did you mean %s?", quoted, problem, e)
	}
	return fault.New(fault.Usage, "give a host name such as int.api.service.nhs.uk or 127.0.0.1:8080, or "+
		theEnvironments(), "host %s: %s", quoted, problem)
}

// ParseHost returns the host that s means: an APIM environment's name ("int"), or a host name with an optional port.
// The result is lower case and without the port 443 (except on loopback, where the default scheme is http). A scheme,
// path, user information, space, trailing dot or letter beyond ASCII is an error, and so is a name without a dot or a
// port: it is nearly always a misspelt environment.
func ParseHost(s string) (string, error) {
	host := lowerASCII(s)
	if problem := hostProblem(host); problem != "" {
		return "", badHost(s, problem)
	}
	if h, ok := strings.CutSuffix(host, ":443"); ok && !Loopback(host) {
		host = h
	}
	switch { // last, so that ParseHost of the result is the result
	case host == "prod":
		return production, nil
	case isEnvironment(host):
		return host + "." + production, nil
	case !strings.ContainsAny(host, ".:") && !Loopback(host):
		return "", noEnvironment(s, host)
	}
	return host, nil
}

// lowerASCII lowers the letters A to Z. strings.ToLower would also turn U+0130 into i and U+212A into k.
func lowerASCII(s string) string {
	b := []byte(s)
	for i, c := range b {
		if 'A' <= c && c <= 'Z' {
			b[i] = c + ('a' - 'A')
		}
	}
	return string(b)
}

// hostProblem returns what is wrong with a lower-case host, or nothing.
func hostProblem(host string) string {
	switch {
	case host == "":
		return "it is empty"
	case strings.Contains(host, "://"):
		return "it has a scheme; give only the host name"
	case strings.ContainsAny(host, "/?#"):
		return "it has a path; give only the host name"
	case strings.Contains(host, "@"):
		return "it has user information; give only the host name"
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
		a, err := netip.ParseAddr(strings.Trim(name, "[]"))
		if err != nil || !a.Is6() || a.Zone() != "" || "["+a.String()+"]" != name {
			return "its IPv6 address is not in the form [::1]"
		}
		return ""
	}
	return nameProblem(name)
}

// nameProblem returns what is wrong with a DNS name or an IPv4 address, or nothing.
func nameProblem(name string) string {
	if strings.HasSuffix(name, ".") {
		return "it ends in a dot"
	}
	last := ""
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
		last = label
	}
	if _, err := netip.ParseAddr(name); err != nil && numeric(last) {
		return "it is an IPv4 address in a form that programs read differently; write it as four decimal numbers"
	}
	return ""
}

// numeric reports whether curl and browsers read a name with this last label as an IPv4 address: 127.1, 0x7f.1,
// 2130706433.
func numeric(label string) bool {
	if hex, ok := strings.CutPrefix(label, "0x"); ok {
		return strings.Trim(hex, "0123456789abcdef") == ""
	}
	return strings.Trim(label, "0123456789") == ""
}

// Loopback reports whether host (as [ParseHost] returns it) names this machine: localhost, an address of 127.0.0.0/8 as
// four numbers, or [::1]. No other name counts, even if it resolves to one of these.
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
