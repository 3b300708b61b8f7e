package apim

import (
	"net"
	"net/netip"
	"os"
	"strconv"
	"strings"

	"cgp-cred/keystore/fault"
)

// foreignListener returns the error of a loopback port on which another user of this machine listens.
func foreignListener(host string, uid int) error {
	return fault.New(fault.Network,
		"the server that this profile was made for has ended: start it again, or remove the profile with cgp-cred logout",
		"another user of this machine (uid %d) listens on %s, and we are uid %d: nothing was sent", uid, host, os.Getuid())
}

// CheckListener refuses a loopback host (as [ParseHost] returns it) whose port another user listens on: a profile made
// for a simulator that has ended would hand its credential to whoever took the port. Other hosts pass, and so does a
// port on which nobody listens. The kernel is asked who would take a connection, or where it does not answer, read for
// whoever listens.
func CheckListener(host string) error {
	if !Loopback(host) {
		return nil
	}
	name, port, err := net.SplitHostPort(host)
	if err != nil {
		name, port = strings.Trim(host, "[]"), "80"
	}
	want, err := strconv.ParseUint(port, 10, 16)
	if err != nil {
		return badHost(host, "its port is not a number")
	}
	for _, address := range loopbackAddresses(name) {
		uid, listens, known := listenerOf(netip.AddrPortFrom(address, uint16(want)))
		if !known {
			return checkTables(host, uint16(want))
		}
		if listens && foreign(uid) {
			return foreignListener(host, uid)
		}
	}
	return nil
}

// foreign reports a user who is neither we nor root.
func foreign(uid int) bool { return uid != 0 && uid != os.Getuid() }
