//go:build !windows

package signer_test

import (
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// noAgents are values of SSH_AUTH_SOCK that lead to no agent.
var noAgents = []string{
	"", "relative", "@abstract", "tcp:127.0.0.1:1", os.TempDir(), "/nonexistent/agent.1", "/" + strings.Repeat("x", 300),
}

// listen returns the address of a new socket, and what accepts a connection to it.
func listen(t *testing.T) (address string, accept func() (io.ReadWriteCloser, error)) {
	t.Helper()
	folder, err := os.MkdirTemp("", "agent") // a socket's path has room for 107 bytes
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(folder) })
	l, err := net.Listen("unix", filepath.Join(folder, "s"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	return l.Addr().String(), func() (io.ReadWriteCloser, error) { return l.Accept() }
}
