package apim

import (
	"bufio"
	"encoding/hex"
	"fmt"
	"net"
	"net/netip"
	"os"
	"strconv"
	"strings"
)

// tcpListen is the state of a listening socket in /proc/net/tcp (TCP_LISTEN of the kernel).
const tcpListen = "0A"

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
// port on which nobody listens. It reads /proc/net/tcp and tcp6.
func CheckListener(host string) error {
	if !Loopback(host) {
		return nil
	}
	_, port, err := net.SplitHostPort(host)
	if err != nil {
		port = "80"
	}
	want, err := strconv.ParseUint(port, 10, 16)
	if err != nil {
		return &HostError{Host: host, Problem: "its port is not a number"}
	}
	for _, table := range []string{"/proc/net/tcp", "/proc/net/tcp6"} {
		if err := checkTable(table, host, uint16(want)); err != nil {
			return err
		}
	}
	return nil
}

// checkTable looks for a foreign listener on port in one of the kernel's tables. A table that can't be read (a sandbox
// without /proc) says nothing.
func checkTable(table, host string, port uint16) error {
	f, err := os.Open(table) //nolint:gosec // one of two fixed names
	if err != nil {
		return nil //nolint:nilerr // no table: nothing to learn
	}
	defer f.Close() //nolint:errcheck // opened for reading
	lines := bufio.NewScanner(f)
	lines.Scan() // the heading
	for lines.Scan() {
		// sl local_address rem_address st tx:rx tr:tm retrnsmt uid …
		field := strings.Fields(lines.Text())
		if len(field) < 8 || field[3] != tcpListen {
			continue
		}
		address, ok := socketAddress(field[1])
		if !ok || address.Port() != port || !(address.Addr().IsLoopback() || address.Addr().IsUnspecified()) {
			continue
		}
		uid, err := strconv.Atoi(field[7])
		if err == nil && uid != 0 && uid != os.Getuid() {
			return &ListenerError{Host: host, UID: uid, Our: os.Getuid()}
		}
	}
	return nil
}

// socketAddress reads the kernel's form of an address: 32-bit words in the machine's byte order (little-endian on every
// system we build for), a colon, the port; all in hexadecimal.
func socketAddress(s string) (netip.AddrPort, bool) {
	words, port, ok := strings.Cut(s, ":")
	raw, err := hex.DecodeString(words)
	n, perr := strconv.ParseUint(port, 16, 16)
	if !ok || err != nil || perr != nil || len(raw)%4 != 0 {
		return netip.AddrPort{}, false
	}
	for i := 0; i < len(raw); i += 4 {
		raw[i], raw[i+1], raw[i+2], raw[i+3] = raw[i+3], raw[i+2], raw[i+1], raw[i]
	}
	a, ok := netip.AddrFromSlice(raw)
	return netip.AddrPortFrom(a.Unmap(), uint16(n)), ok
}
