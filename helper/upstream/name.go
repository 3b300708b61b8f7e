package upstream

import (
	"net/netip"
	"strings"

	"cgp-cred/helper/apim"
)

// ProfileName is the name for the profile of a host (as apim.ParseHost returns it) where the user gives none: the
// environment's on APIM, localhost on loopback, else the host's first label, or its address.
func ProfileName(host string) string {
	if host == defaultHost {
		return "prod"
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
