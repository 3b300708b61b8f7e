package apim

import (
	"net"
	"net/netip"
	"os"
	"strconv"
	"strings"

	"cgp-cred/keystore/fault"
	"cgp-cred/keystore/peer"
)

// foreignListener returns the error for a loopback port on which another user of this machine listens.
func foreignListener(host string, uid int) error {
	return fault.New(fault.Network,
		"the server that this profile was made for has ended: start it again, or remove the profile: "+
			"cgp-cred logout PROFILE",
		"another user of this machine (uid %d) listens on %s, and cgp-cred runs as uid %d: nothing was sent",
		uid, host, os.Getuid())
}

// loopbackPort returns the name or address of a loopback host, as [ParseHost] returns it, and its port.
func loopbackPort(host string) (name, port string) {
	name, port, err := net.SplitHostPort(host)
	if err != nil {
		return strings.Trim(host, "[]"), "80"
	}
	return name, port
}

// CheckListener refuses a loopback host (as [ParseHost] returns it) if a user other than this one and root listens on
// its port: a profile made for a simulator that has ended would give its credential to the next program on that port.
// All other hosts pass. Only Linux shows which user listens.
func CheckListener(host string) error {
	if !Loopback(host) {
		return nil
	}
	name, port := loopbackPort(host)
	n, err := strconv.ParseUint(port, 10, 16)
	if err != nil {
		return badHost(host, "its port is not a number")
	}
	for _, address := range loopbackAddresses(name) {
		for _, uid := range peer.Listeners(netip.AddrPortFrom(address, uint16(n))) {
			if uid != 0 && uid != os.Getuid() {
				return foreignListener(host, uid)
			}
		}
	}
	return nil
}
