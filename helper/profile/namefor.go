package profile

import (
	"net/netip"
	"strings"

	"cgp-cred/helper/apim"
)

// NameFor returns the name of a host's profile if the user gives no name. The host is as apim.ParseHost returns
// it. On APIM the name is the environment's, on loopback it is localhost, otherwise it is the host's first label or
// its address.
func NameFor(host string) string {
	if e := apim.ShortHost(host); e != host {
		return e
	}
	if apim.Loopback(host) {
		return "localhost"
	}
	name := strings.TrimPrefix(host, "[")
	if name != host { // an IPv6 address; profile names have no colon
		name, _, _ = strings.Cut(name, "]")
		return "ip6" + strings.TrimRight(strings.ReplaceAll(":"+name, ":", "-"), "-")
	}
	name, _, _ = strings.Cut(host, ":")
	if _, err := netip.ParseAddr(name); err == nil {
		return name
	}
	label, _, _ := strings.Cut(name, ".") // on APIM, the environment
	return label
}
