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

// Listeners returns the uids of the users whose sockets accept TCP connections to an address of this machine, as far as
// it can read the kernel's tables. The kernel returns a table in pieces, so a uid may be there twice.
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
	if exact != nil { // the kernel prefers these
		return exact
	}
	return wildcard
}

// listenersIn reads one table, proc_net_tcp(5). It returns the uids of the users who listen on this address, and of
// those who listen on all addresses. A socket for all IPv6 addresses may accept IPv4 too: the table does not say.
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
// that cgp-cred is built for), a colon and the port, all in hexadecimal.
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
