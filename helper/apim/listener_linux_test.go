package apim

import (
	"net"
	"net/netip"
	"os"
	"testing"
)

func TestListenerOf(t *testing.T) {
	t.Parallel()
	for _, address := range []string{"127.0.0.1:0", "127.9.9.9:0", "0.0.0.0:0", "[::1]:0", "[::]:0", ":0"} {
		l, err := net.Listen("tcp", address)
		if err != nil {
			t.Fatal(err)
		}
		at := l.Addr().(*net.TCPAddr).AddrPort()
		asked := at
		switch {
		case address == "[::1]:0" || address == "[::]:0":
			asked = netip.AddrPortFrom(netip.IPv6Loopback(), at.Port())
		case address != "127.9.9.9:0":
			asked = netip.AddrPortFrom(netip.MustParseAddr("127.0.0.1"), at.Port())
		}
		if uid, listens, known := listenerOf(asked); uid != os.Getuid() || !listens || !known {
			t.Errorf("%s: uid %d, listens %t, known %t", address, uid, listens, known)
		}
		if address == "127.9.9.9:0" {
			other := netip.AddrPortFrom(netip.MustParseAddr("127.0.0.1"), at.Port())
			if uid, listens, known := listenerOf(other); listens || !known {
				t.Errorf("%s is not %s: uid %d, listens %t, known %t", other, at, uid, listens, known)
			}
		}
		if err := l.Close(); err != nil {
			t.Fatal(err)
		}
		if _, listens, known := listenerOf(asked); listens || !known {
			t.Errorf("%s, closed: listens %t, known %t", address, listens, known)
		}
	}
}

// What is no answer says that nothing is known, and the tables are read.
func TestReadDiag(t *testing.T) {
	t.Parallel()
	for what, b := range map[string][]byte{
		"nothing": nil, "a header alone": make([]byte, 16), "zeros": make([]byte, 88),
		"cut": append([]byte{0, 0, 0, 0, 20, 0}, make([]byte, 40)...),
	} {
		if uid, listens, known := readDiag(b); uid != 0 || listens || known {
			t.Errorf("%s: uid %d, listens %t, known %t", what, uid, listens, known)
		}
	}
}
