//go:build !windows

package peer_test

import (
	"net"
	"path/filepath"
	"testing"

	"cgp-cred/keystore/peer"
)

// A socket of this user's passes, and is alive until its other end closes. Another user's is in the tests of the bus
// and of the agent.
func TestOwn(t *testing.T) {
	t.Parallel()
	l, err := net.Listen("unix", filepath.Join(t.TempDir(), "s"))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	conn, err := net.DialUnix("unix", nil, l.Addr().(*net.UnixAddr))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close() }()
	other, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	if err := peer.CheckOwn(conn); err != nil {
		t.Error(err)
	}
	if !peer.Alive(conn) {
		t.Error("it is closed")
	}
	if err := other.Close(); err != nil {
		t.Fatal(err)
	}
	if peer.Alive(conn) {
		t.Error("it is still alive")
	}
}

// What is not a Unix socket has no owner that the kernel tells.
func TestNoUnixSocket(t *testing.T) {
	t.Parallel()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	conn, err := net.DialTCP("tcp", nil, l.Addr().(*net.TCPAddr))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close() }()
	if err := peer.CheckOwn(conn); err == nil {
		t.Error("it passes")
	}
}
