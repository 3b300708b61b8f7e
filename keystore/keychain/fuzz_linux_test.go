package keychain

import (
	"errors"
	"path/filepath"
	"strings"
	"testing"

	"github.com/godbus/dbus/v5"

	"cgp-cred/keystore"
	"cgp-cred/keystore/fault"
)

// FuzzBusAddress: an address that is accepted names one socket, and the same one after it was written down again; one
// that is refused is a denial or an absence with a next step, and never begins to run or reach anything.
func FuzzBusAddress(f *testing.F) {
	for _, s := range []string{
		"unix:path=/run/user/1000/bus", "unix:path=/run/user/1000/bus,guid=0123", "unix:abstract=/tmp/dbus-x",
		"unix:runtime=yes",
		"unix:path=%2frun%2fbus", "unix:path=a", "unix:path=/a,abstract=b", "tcp:host=localhost,port=1",
		"unixexec:path=/bin/sh", "unix:", "unix:path=%", "unix:path=/a%00b",
	} {
		f.Add(s)
	}
	f.Setenv("XDG_RUNTIME_DIR", "/run/user/1000")
	f.Fuzz(func(t *testing.T, entry string) {
		key, name, err := parseBus(entry)
		if err != nil {
			var e *keystore.Error
			if !errors.As(err, &e) || fault.HintOf(err, "") == "" ||
				key != "" && name != "" && !errors.Is(err, keystore.ErrDenied) {
				t.Fatalf("%q: %v", entry, err)
			}
			return
		}
		if !strings.HasPrefix(entry, "unix:") || strings.ContainsRune(name, 0) || name == "" {
			t.Fatalf("%q is taken for %s=%q", entry, key, name)
		}
		if key != "abstract" && (key != "path" || !filepath.IsAbs(name)) {
			t.Fatalf("%q is taken for %s=%q", entry, key, name)
		}
		written := "unix:" + key + "=" + dbus.EscapeBusAddressValue(name)
		if k, n, err := parseBus(written); err != nil || k != key || n != name {
			t.Fatalf("%q is written as %q, which is %s=%q, %v", entry, written, k, n, err)
		}
	})
}
