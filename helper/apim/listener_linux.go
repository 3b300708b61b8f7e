package apim

import (
	"fmt"
	"net"
	"net/netip"
	"os"
	"strconv"
	"strings"
)

// ListenerError is a loopback port on which another user of this machine listens.
type ListenerError struct {
	Host     string
	UID, Our int
}

func (e *ListenerError) Error() string {
	return fmt.Sprintf("another user of this machine (uid %d) listens on %s, and we are uid %d: nothing was sent", e.UID, e.Host, e.Our)
}

// Hint says what is likely.
func (e *ListenerError) Hint() string {
	return "the server that this profile was made for has ended: start it again, or remove the profile with cgp-cred logout"
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
		return &HostError{Host: host, Problem: "its port is not a number"}
	}
	for _, address := range loopbackAddresses(name) {
		uid, listens, known := listenerOf(netip.AddrPortFrom(address, uint16(want)))
		if !known {
			return checkTables(host, uint16(want))
		}
		if listens && foreign(uid) {
			return &ListenerError{Host: host, UID: uid, Our: os.Getuid()}
		}
	}
	return nil
}

// foreign reports a user who is neither we nor root.
func foreign(uid int) bool { return uid != 0 && uid != os.Getuid() }
