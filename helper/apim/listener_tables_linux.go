package apim

import (
	"bufio"
	"encoding/hex"
	"io"
	"net/netip"
	"os"
	"strconv"
	"strings"
)

// tcpListen is the state of a listening socket in /proc/net/tcp (TCP_LISTEN of the kernel).
const tcpListen = "0A"

// checkTables looks for a foreign listener on port in the kernel's tables, where all sockets of the machine stand: it
// takes milliseconds on a large machine.
func checkTables(host string, port uint16) error {
	for _, table := range []string{"/proc/net/tcp", "/proc/net/tcp6"} {
		if err := checkTable(table, host, port); err != nil {
			return err
		}
	}
	return nil
}

// checkTable looks for a foreign listener on port in one of the kernel's tables. A table that can't be read (a sandbox
// without /proc) says nothing.
func checkTable(table, host string, port uint16) error {
	f, err := os.Open(table) //nolint:gosec,forbidigo // one of two fixed names in /proc
	if err != nil {
		return nil //nolint:nilerr // no table: nothing to learn
	}
	defer f.Close() //nolint:errcheck // opened for reading
	return checkListeners(f, host, port)
}

// checkListeners looks in the text of a table.
func checkListeners(table io.Reader, host string, port uint16) error {
	lines := bufio.NewScanner(table)
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
		if err == nil && foreign(uid) {
			return foreignListener(host, uid)
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
