package renew

import (
	"os"
	"path/filepath"
	"testing"

	"cgp-cred/helper/cache"
	"cgp-cred/keystore/disk"
)

// A folder in use stays; one whose process has ended is removed with its token by the next process.
func TestFoldersOfKilledProcesses(t *testing.T) {
	t.Parallel()
	state := filepath.Join(t.TempDir(), "cgp-cred")
	used, err := onWindows(state)
	if err != nil {
		t.Fatal(err)
	}
	if err := disk.WriteVolatile(filepath.Join(used, "token"), []byte("t")); err != nil {
		t.Fatal(err)
	}
	left := filepath.Join(filepath.Dir(used), "exec-LEFT")
	release, got, err := disk.TryLock(left + lockSuffix)
	if got != disk.Acquired {
		t.Fatalf("%d, %v", got, err)
	}
	if err := disk.WriteVolatile(filepath.Join(left, "token"), []byte("t")); err != nil {
		t.Fatal(err)
	}
	for _, ended := range []bool{false, true} {
		if ended {
			release()
		}
		if _, err := onWindows(state); err != nil {
			t.Fatal(err)
		}
		if _, err := os.Stat(filepath.Join(used, "token")); err != nil {
			t.Errorf("a folder in use: %v", err)
		}
		for _, path := range []string{left, left + lockSuffix} {
			if _, err := os.Stat(path); os.IsNotExist(err) != ended {
				t.Errorf("%s, ended: %v: %v", path, ended, err)
			}
		}
	}
	if _, err := onWindows(""); err == nil {
		t.Error("a folder without a state folder")
	}
	// The token cache removes files of other programs from its folder.
	if err := cache.Open(cache.Options{Profile: "int", State: state}).Purge(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(used + lockSuffix); err != nil {
		t.Errorf("after a logout: %v", err)
	}
	held.Lock()
	for _, release := range held.releases {
		release()
	}
	held.releases = nil
	held.Unlock()
}
