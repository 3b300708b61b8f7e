package keystoretest_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"cgp-cred/keystore/keystoretest"
)

func TestKeysDiffer(t *testing.T) {
	t.Parallel()
	seen := make(map[string]bool)
	for i := range keystoretest.Keys {
		k := keystoretest.Key(1024, i)
		if k.N.BitLen() != 1024 {
			t.Errorf("key %d has %d bits", i, k.N.BitLen())
		}
		seen[k.N.String()] = true
	}
	if len(seen) != keystoretest.Keys {
		t.Errorf("%d different keys, want %d", len(seen), keystoretest.Keys)
	}
}

// A test that leaves daemons behind fills a machine in a day.
func TestNothingRemains(t *testing.T) {
	var folder string
	t.Run("keyring", func(t *testing.T) {
		k := keystoretest.StartLockedKeyring(t)
		folder = k.Folder
		k.Unlock(t)
		if !running(t, folder) {
			t.Error("the keyring's processes are not found while it runs")
		}
	})
	if folder == "" {
		return // the test within was skipped, and said why
	}
	for end := time.Now().Add(20 * time.Second); running(t, folder); time.Sleep(10 * time.Millisecond) {
		if time.Now().Before(end) {
			continue // one that was killed may take a moment to go
		}
		t.Fatal("a process of the keyring is left")
	}
	if _, err := os.Stat(folder); err == nil {
		t.Errorf("%s is left", folder)
	}
}

// running reports whether a process names folder in its environment.
func running(t *testing.T, folder string) bool {
	t.Helper()
	lines, err := filepath.Glob("/proc/[0-9]*/environ")
	if err != nil {
		t.Fatal(err)
	}
	for _, l := range lines {
		if b, err := os.ReadFile(l); err == nil && strings.Contains(string(b), folder) {
			return true
		}
	}
	return false
}
