package peer_test

import (
	"net"
	"os"
	"os/exec"
	"strings"
	"testing"

	"cgp-cred/keystore/keystoretest"
	"cgp-cred/keystore/peer"
)

func TestClient(t *testing.T) {
	t.Parallel()
	for _, address := range []string{"127.0.0.1:0", "[::1]:0"} {
		l, err := net.Listen("tcp", address)
		if err != nil && address == "[::1]:0" && !keystoretest.Partly(t, keystoretest.IPv6) {
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		defer l.Close() //nolint:errcheck // the test ends
		near, err := net.Dial("tcp", l.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		defer near.Close() //nolint:errcheck // the test ends
		client, server := near.LocalAddr().(*net.TCPAddr).AddrPort(), near.RemoteAddr().(*net.TCPAddr).AddrPort()
		if uid, known := peer.Client(client, server); !known || uid != os.Getuid() {
			t.Errorf("%s: uid %d, known %v", address, uid, known)
		}
		if uid, known := peer.Client(client, client); known {
			t.Errorf("%s: a connection that does not exist has the uid %d", address, uid)
		}
		if err := near.Close(); err != nil {
			t.Fatal(err)
		}
		if uid, known := peer.Client(client, server); !known || uid != -1 {
			t.Errorf("%s: a socket that was closed has the uid %d, known %v", address, uid, known)
		}
	}
}

// A connection of another user of this machine.
func TestClientOfAnotherUser(t *testing.T) {
	t.Parallel()
	keystoretest.Require(t, keystoretest.Users)
	keystoretest.Need(t, "bash", "bash")
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close() //nolint:errcheck // the test ends
	_, port, _ := strings.Cut(l.Addr().String(), ":")
	other := exec.CommandContext(t.Context(), "setpriv", "--reuid=12345", "--clear-groups",
		"bash", "-c", "exec 3<>/dev/tcp/127.0.0.1/"+port+"; read -u 3")
	if err := other.Start(); err != nil {
		t.Fatal(err)
	}
	conn, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	client, server := conn.RemoteAddr().(*net.TCPAddr).AddrPort(), conn.LocalAddr().(*net.TCPAddr).AddrPort()
	if uid, known := peer.Client(client, server); !known || uid != 12345 {
		t.Errorf("uid %d, known %v", uid, known)
	}
	if err := conn.Close(); err != nil {
		t.Fatal(err)
	}
	_ = other.Wait() // read fails at the end of the connection
}
