package keychain_test

import (
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"cgp-cred/keystore/keystoretest"
)

// listen opens a socket in a new folder and gives each connection, with its number, to serve.
func listen(t *testing.T, serve func(n int, c net.Conn)) string {
	t.Helper()
	folder, err := os.MkdirTemp("", "cgp")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(folder) })
	path := filepath.Join(folder, "bus")
	l, err := net.Listen("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	go func() {
		for n := 0; ; n++ {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go serve(n, c)
		}
	}()
	return path
}

func silent(_ int, c net.Conn) { _, _ = io.Copy(io.Discard, c) }

func TestSilentBus(t *testing.T) {
	t.Parallel()
	bus := "DBUS_SESSION_BUS_ADDRESS=unix:path=" + listen(t, silent)
	r := child(t, "get", bus, "CGP_CRED_KEYCHAIN_TIMEOUT=0.2")
	expect(t, r, "timeout", "waited 200ms", "CGP_CRED_KEYCHAIN_TIMEOUT")
	if r.Waited != 0 {
		t.Errorf("said so %d times", r.Waited)
	}
	if r := child(t, "set", bus, "CGP_CRED_KEYCHAIN_TIMEOUT=2500ms"); r.Class != "timeout" || r.Waited != 1 {
		t.Errorf("%s, said so %d times, want once", r.Class, r.Waited)
	}
	if r := child(t, "get", bus); r.Class != "timeout" || !strings.Contains(r.Message, "waited 5s") {
		t.Errorf("%s (%s), want 5 s if no user can answer a prompt", r.Class, r.Message)
	}
	expect(t, child(t, "cancel", bus, "DISPLAY=:9"), "cancelled")
}

func TestStaleAddress(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "bus")
	expect(t, child(t, "get", "DBUS_SESSION_BUS_ADDRESS=unix:path="+path), "unavailable", "does not answer",
		"DBUS_SESSION_BUS_ADDRESS")
	expect(t, child(t, "get", "DBUS_SESSION_BUS_ADDRESS=unix:abstract=/cgp/not/here"), "unavailable",
		"does not answer")
	l, err := net.Listen("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	l.(*net.UnixListener).SetUnlinkOnClose(false)
	_ = l.Close()
	expect(t, child(t, "get", "DBUS_SESSION_BUS_ADDRESS=unix:path="+path), "unavailable", "refused")
}

func TestAddressesRefused(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for address, want := range map[string]string{
		"tcp:host=127.0.0.1,port=1":                   `"tcp:" is not trusted`,
		"nonce-tcp:host=127.0.0.1,port=1,noncefile=x": `"nonce-tcp:" is not trusted`,
		"unixexec:path=/bin/sh":                       `"unixexec:" is not trusted`,
		"launchd:env=X;autolaunch:":                   "is not trusted",
		"unix":                                        "not a bus address",
		"unix:":                                       "names no socket",
		"unix:path=bus":                               "names no socket",
		"unix:path=%zz":                               "not a bus address",
		"unix:path=/a%00b":                            "not a bus address",
		"unix:path=/a,abstract=b":                     "two sockets",
		"unix:runtime=yes":                            "names no socket",
		"unix:path=" + file:                           "not a socket",
		";":                                           "no address",
	} {
		r := child(t, "get", "DBUS_SESSION_BUS_ADDRESS="+address)
		expect(t, r, "denied", want, "unset DBUS_SESSION_BUS_ADDRESS")
	}
}

// Of a list the first bus of this user's is used, and go-keyring gets only that one.
func TestAddressReduced(t *testing.T) {
	t.Parallel()
	k := keystoretest.StartKeyring(t)
	link := filepath.Join(t.TempDir(), "link to bus")
	if err := os.Symlink(strings.TrimPrefix(k.Address, "unix:path="), link); err != nil {
		t.Fatal(err)
	}
	for _, address := range []string{
		"unix:path=/nowhere;" + k.Address + ",guid=0123456789abcdef",
		"tcp:host=127.0.0.1,port=1;" + k.Address + ";unix:path=/nowhere",
		"unix:path=" + strings.ReplaceAll(link, " ", "%20"),
	} {
		r := child(t, "set", "DBUS_SESSION_BUS_ADDRESS="+address)
		expect(t, r, "ok")
		if r.Address != k.Address {
			t.Errorf("%s became %q, want %q", address, r.Address, k.Address)
		}
	}
}

// In a folder that others can write the socket can be another one a moment later.
func TestSwappableSocket(t *testing.T) {
	t.Parallel()
	path := listen(t, silent)
	folder := filepath.Dir(path)
	if err := os.Chmod(folder, 0o777); err != nil { // #nosec G302 -- the attack
		t.Fatal(err)
	}
	expect(t, child(t, "get", "DBUS_SESSION_BUS_ADDRESS=unix:path="+path), "denied", "can be written by everybody",
		folder)
}

// The process that was checked ends before godbus has connected: another may have replaced it.
func TestBusReplacedMeanwhile(t *testing.T) {
	t.Parallel()
	k := keystoretest.StartBus(t)
	first := make(chan net.Conn, 1)
	path := listen(t, func(n int, c net.Conn) {
		if n == 0 {
			first <- c
			return
		}
		_ = (<-first).Close()
		bus, err := net.Dial("unix", strings.TrimPrefix(k.Address, "unix:path="))
		if err != nil {
			return
		}
		go func() { _, _ = io.Copy(bus, c) }()
		_, _ = io.Copy(c, bus)
	})
	expect(t, child(t, "get", "DBUS_SESSION_BUS_ADDRESS=unix:path="+path), "unavailable", "closed the connection")
}
