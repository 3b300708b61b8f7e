package keychain_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"cgp-cred/keystore/fault"
	"cgp-cred/keystore/keychain"
	"cgp-cred/keystore/keystoretest"
)

func TestKeychainKeepsLargestRecord(t *testing.T) {
	t.Parallel()
	k := keystoretest.StartKeyring(t)
	expect(t, child(t, "load", k.Env...), "not found", "cgp-cred store int")
	expect(t, child(t, "save", k.Env...), "ok")
	expect(t, child(t, "save", k.Env...), "ok")
	if n := k.Items(t, "cgp-cred", "int"); n != 1 {
		t.Errorf("%d items under the names that are a contract, want 1", n)
	}
	r := child(t, "load", k.Env...)
	expect(t, r, "ok")
	if r.Value != keystoretest.Record().Key.KID {
		t.Errorf("kid %q", r.Value)
	}
	expect(t, child(t, "delete", k.Env...), "ok")
	expect(t, child(t, "delete", k.Env...), "not found")
	expect(t, child(t, "get", k.Env...), "not found")
}

func TestKeychainCycle(t *testing.T) {
	k := keystoretest.StartKeyring(t)
	t.Setenv("DBUS_SESSION_BUS_ADDRESS", k.Address) // the one test that uses this process's own connection
	keystoretest.Contract(t, keychain.New(keychain.Options{}))
}

func TestLockedKeychain(t *testing.T) {
	t.Parallel()
	k := keystoretest.StartKeyring(t)
	expect(t, child(t, "set", k.Env...), "ok")
	k.Lock(t)
	for _, action := range []string{"get", "set", "delete"} {
		r := child(t, action, k.Env...)
		if r.Class != "locked" && r.Class != "timeout" {
			t.Errorf("%s: %s (%s), want locked", action, r.Class, r.Message)
		}
		if !strings.Contains(r.Hint, "gnome-keyring-daemon --replace --unlock") {
			t.Errorf("%s: hint %q", action, r.Hint)
		}
	}
	k.Unlock(t)
	if r := child(t, "get", k.Env...); r.Value != "value" {
		t.Errorf("after the hint: %s (%s)", r.Class, r.Message)
	}
}

func TestBusWithoutKeychain(t *testing.T) {
	t.Parallel()
	k := keystoretest.StartBus(t)
	expect(t, child(t, "get", k.Env...), "unavailable", "org.freedesktop.secrets", "gnome-keyring")
}

// Merely to ask must not start a bus: on a headless machine each call would leave a daemon behind.
func TestNoBusStartsNone(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	mark := filepath.Join(folder, "ran")
	script := "#!/bin/sh\n: > '" + mark + "'\n"
	// #nosec G306 -- a program
	if err := os.WriteFile(filepath.Join(folder, "dbus-launch"), []byte(script), 0o700); err != nil {
		t.Fatal(err)
	}
	for _, bus := range []string{"", "autolaunch:", "autolaunch:scope=*user"} {
		r := child(t, "get", "PATH="+folder+":"+os.Getenv("PATH"), "XDG_RUNTIME_DIR="+folder,
			"DBUS_SESSION_BUS_ADDRESS="+bus)
		expect(t, r, "unavailable", "no session bus", "dbus-run-session", "CGP_CRED_API_KEY")
	}
	if _, err := os.Stat(mark); err == nil {
		t.Error("dbus-launch was run")
	}
}

func TestBusOfRuntimeFolder(t *testing.T) {
	t.Parallel()
	k := keystoretest.StartKeyring(t)
	for _, bus := range []string{"", "unix:runtime=yes"} {
		r := child(t, "set", "XDG_RUNTIME_DIR="+k.Folder, "DBUS_SESSION_BUS_ADDRESS="+bus)
		expect(t, r, "ok")
		if r.Address != k.Address {
			t.Errorf("the address is %q, want %q", r.Address, k.Address)
		}
	}
}

func TestTimeoutVariable(t *testing.T) {
	for _, bad := range []string{"soon", "-1", "0", "1 2"} {
		t.Setenv("CGP_CRED_KEYCHAIN_TIMEOUT", bad)
		_, err := keychain.New(keychain.Options{}).Get(t.Context(), "int")
		if err == nil {
			t.Fatalf("%q was accepted", bad)
		}
		if fault.ClassOf(err) != fault.Usage || !strings.Contains(err.Error(), "CGP_CRED_KEYCHAIN_TIMEOUT") ||
			fault.HintOf(err, "") == "" {
			t.Errorf("%v, want a usage error", err)
		}
	}
}
