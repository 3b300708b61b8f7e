package peer

import (
	"bufio"
	"encoding/hex"
	"io"
	"net/netip"
	"os"
	"strconv"
	"strings"
)

// Listeners returns the uids of the users whose sockets take TCP connections to an address of this machine, as far
// as the kernel's tables can be read. A table is read in pieces: a uid may be there twice.
func Listeners(at netip.AddrPort) (uids []int) {
	var exact, wildcard []int
	for _, name := range []string{"/proc/net/tcp", "/proc/net/tcp6"} {
		table, err := os.Open(name) //nolint:gosec,forbidigo // one of two fixed names in /proc
		if err != nil {
			continue
		}
		e, w := listenersIn(table, at)
		_ = table.Close()
		exact, wildcard = append(exact, e...), append(wildcard, w...)
	}
	if exact != nil { // the kernel prefers them
		return exact
	}
	return wildcard
}

// listenersIn returns the uids in one table, proc_net_tcp(5), of those who listen on an address, and of those who
// listen on all addresses. IPv6's may be IPv4's too: the table does not tell.
func listenersIn(table io.Reader, at netip.AddrPort) (exact, wildcard []int) {
	const listening = "0A" // TCP_LISTEN
	for lines := bufio.NewScanner(table); lines.Scan(); {
		// sl local_address rem_address st tx_queue:rx_queue tr:tm->when retrnsmt uid timeout inode ...
		field := strings.Fields(lines.Text())
		if len(field) < 10 || field[3] != listening {
			continue
		}
		address, ok := socketAddress(field[1])
		uid, err := strconv.Atoi(field[7])
		switch a := address.Addr(); {
		case !ok || err != nil || address.Port() != at.Port():
		case a == at.Addr():
			exact = append(exact, uid)
		case a.IsUnspecified() && (a.Is6() || at.Addr().Is4()):
			wildcard = append(wildcard, uid)
		}
	}
	return exact, wildcard
}

// socketAddress reads an address of the table: 32-bit words in the machine's byte order (little-endian on every system
// that there is a build for), a colon and the port, all in hexadecimal.
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
