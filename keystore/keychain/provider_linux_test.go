package keychain_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"path/filepath"
	"testing"
	"time"

	"cgp-cred/keystore"
	"cgp-cred/keystore/keychain"
	"cgp-cred/keystore/keystoretest"
)

func TestProviderNamesTheKeyring(t *testing.T) {
	k := keystoretest.StartKeyring(t)
	t.Setenv("DBUS_SESSION_BUS_ADDRESS", k.Address)
	var pid uint32
	err := k.Conn.BusObject().Call("org.freedesktop.DBus.GetConnectionUnixProcessID", 0,
		"org.freedesktop.secrets").Store(&pid)
	if err != nil {
		t.Fatal(err)
	}
	got, err := keychain.Provider(t.Context())
	if want := fmt.Sprintf("gnome-keyring-daemon (pid %d)", pid); err != nil || got != want {
		t.Errorf("got %q, %v, want %q", got, err, want)
	}
}

func TestProviderIsNobody(t *testing.T) {
	k := keystoretest.StartBus(t)
	t.Setenv("DBUS_SESSION_BUS_ADDRESS", k.Address)
	if got, err := keychain.Provider(t.Context()); err != nil || got != "" {
		t.Errorf("got %q, %v, want none", got, err)
	}
}

// A bus that accepts and never answers must not hold doctor up.
func TestProviderOfASilentBus(t *testing.T) {
	path := filepath.Join(t.TempDir(), "bus")
	l, err := net.Listen("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	t.Setenv("DBUS_SESSION_BUS_ADDRESS", "unix:path="+path)
	ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
	defer cancel()
	got, err := keychain.Provider(ctx)
	if !errors.Is(err, keystore.ErrTimeout) {
		t.Errorf("got %q, %v, want a timeout", got, err)
	}
}

func TestProviderWithoutABus(t *testing.T) {
	t.Setenv("DBUS_SESSION_BUS_ADDRESS", "tcp:host=127.0.0.1,port=1")
	if got, err := keychain.Provider(t.Context()); !errors.Is(err, keystore.ErrDenied) {
		t.Errorf("got %q, %v, want a refusal", got, err)
	}
}
