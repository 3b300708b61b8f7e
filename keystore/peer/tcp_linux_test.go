package peer

import (
	"net"
	"net/netip"
	"os"
	"slices"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

func TestListeners(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ network, listen, asked, other string }{
		{"tcp4", "127.0.0.1", "127.0.0.1", "127.9.9.9"},
		{"tcp4", "127.9.9.9", "127.9.9.9", "127.0.0.1"},
		{"tcp4", "0.0.0.0", "127.0.0.1", "::1"},
		{"tcp6", "::1", "::1", "127.0.0.1"},
		{"tcp6", "::", "::1", ""},
		{"tcp", "::", "127.0.0.1", ""},
	} {
		l, err := net.Listen(tt.network, net.JoinHostPort(tt.listen, "0"))
		if err != nil && tt.network != "tcp4" {
			t.Logf("not checked: no IPv6 on this machine: %v", err)
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		port := l.Addr().(*net.TCPAddr).AddrPort().Port()
		asked := netip.AddrPortFrom(netip.MustParseAddr(tt.asked), port)
		if uids := Listeners(asked); !slices.Equal(slices.Compact(uids), []int{os.Getuid()}) {
			t.Errorf("%s for %s: %v", tt.listen, tt.asked, uids)
		}
		if tt.other != "" {
			other := netip.AddrPortFrom(netip.MustParseAddr(tt.other), port)
			if bind(t, other) && Listeners(other) != nil {
				t.Errorf("%s for %s: %v", tt.listen, tt.other, Listeners(other))
			}
		}
		if err := l.Close(); err != nil {
			t.Fatal(err)
		}
		if bind(t, asked) && Listeners(asked) != nil {
			t.Errorf("%s, closed: %v", tt.listen, Listeners(asked))
		}
	}
}

// bind reports whether the address is free, and then keeps it until the test ends, without listening there.
func bind(t *testing.T, at netip.AddrPort) bool {
	t.Helper()
	var to unix.Sockaddr
	family := unix.AF_INET
	if at.Addr().Is4() {
		to = &unix.SockaddrInet4{Port: int(at.Port()), Addr: at.Addr().As4()}
	} else {
		to, family = &unix.SockaddrInet6{Port: int(at.Port()), Addr: at.Addr().As16()}, unix.AF_INET6
	}
	socket, err := unix.Socket(family, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = unix.Close(socket) })
	return unix.Bind(socket, to) == nil
}

// tableHead is the first line of a table, and other a socket of user 54321 on 127.0.0.1:8080.
const (
	tableHead = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n"
	other     = "   7: 0100007F:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000 54321        0 1\n"
)

func TestListenersIn(t *testing.T) {
	t.Parallel()
	four, six := netip.MustParseAddrPort("127.0.0.1:8080"), netip.MustParseAddrPort("[::1]:8080")
	const zeros = "00000000000000000000000000000000"
	for _, tt := range []struct {
		name, line      string
		at              netip.AddrPort
		exact, wildcard []int
	}{
		{"another user's", other, four, []int{54321}, nil},
		{"IPv4's for IPv6", other, six, nil, nil},
		{"a connection", strings.Replace(other, " 0A ", " 01 ", 1), four, nil, nil},
		{"another port", strings.Replace(other, "1F90", "1F91", 1), four, nil, nil},
		{"another address", strings.Replace(other, "0100007F", "0200007F", 1), four, nil, nil},
		{"all of IPv4", strings.Replace(other, "0100007F", "00000000", 1), four, nil, []int{54321}},
		{"all of IPv4 for IPv6", strings.Replace(other, "0100007F", "00000000", 1), six, nil, nil},
		{"all of IPv6", strings.Replace(other, "0100007F", zeros, 1), six, nil, []int{54321}},
		{"all of IPv6 for IPv4", strings.Replace(other, "0100007F", zeros, 1), four, nil, []int{54321}},
		{"IPv6's own", strings.Replace(other, "0100007F", zeros[:24]+"01000000", 1), six, []int{54321}, nil},
		{"IPv4 in IPv6", strings.Replace(other, "0100007F", zeros[:16]+"FFFF00000100007F", 1), four, []int{54321}, nil},
		{"cut", other[:80], four, nil, nil},
		{"no number", strings.Replace(other, "54321", "5432x", 1), four, nil, nil},
		{"two", other + strings.Replace(other, "54321", "0", 1), four, []int{54321, 0}, nil},
	} {
		exact, wildcard := listenersIn(strings.NewReader(tableHead+tt.line), tt.at)
		if !slices.Equal(exact, tt.exact) || !slices.Equal(wildcard, tt.wildcard) {
			t.Errorf("%s: %v and %v, want %v and %v", tt.name, exact, wildcard, tt.exact, tt.wildcard)
		}
	}
}

// FuzzListenerTable: whatever is before it in the table, a socket is seen, and no uid is named of a line that is
// not about a listening socket.
func FuzzListenerTable(f *testing.F) {
	f.Add("   0: 0100007F:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 1")
	f.Add("   0: 00000000000000000000000001000000:1F90 00000000000000000000000000000000:0000 0A 0:0 0:0 0 77 0 1")
	f.Add("   0: 0000000000000000FFFF00000100007F:1F90 0:0 0A 0:0 0:0 0 77 0 1")
	f.Add("x: 01000:1F90 : 0A a b c -1")
	f.Fuzz(func(t *testing.T, line string) {
		if len(line) > 60_000 { // the kernel's lines have 150 bytes
			return
		}
		at := netip.MustParseAddrPort("127.0.0.1:8080")
		exact, wildcard := listenersIn(strings.NewReader(tableHead+line+"\n"), at)
		if (exact != nil || wildcard != nil) && !strings.Contains(line, "0A") {
			t.Fatalf("%q: %v and %v", line, exact, wildcard)
		}
		exact, _ = listenersIn(strings.NewReader(tableHead+line+"\n"+other), at)
		if !slices.Contains(exact, 54321) {
			t.Fatalf("%q hides the socket behind it", line)
		}
	})
}
