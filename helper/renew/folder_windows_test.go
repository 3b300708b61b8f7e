package renew_test

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"cgp-cred/helper/renew"
	"cgp-cred/keystore/disk"
)

// Windows has no folder in memory: the folder is below the user's own, and what killed processes left there is removed.
func TestFolderOnDisk(t *testing.T) {
	folders := disk.Folders{State: filepath.Join(t.TempDir(), "cgp-cred")}
	tokens := filepath.Join(folders.State, "tokens")
	killed, busy := filepath.Join(tokens, "exec-killed"), filepath.Join(tokens, "exec-busy")
	for _, folder := range []string{killed, busy} {
		if err := disk.WriteVolatile(filepath.Join(folder, "token"), []byte("x")); err != nil {
			t.Fatal(err)
		}
	}
	old := time.Now().Add(-2 * time.Hour)
	if err := os.Chtimes(killed, old, old); err != nil {
		t.Fatal(err)
	}
	path, err := renew.Folder(folders, "")
	if err != nil || filepath.Dir(path) != tokens {
		t.Fatalf("%s, %v", path, err)
	}
	if err := disk.MakePrivate(path); err != nil { // which refuses a folder that others can open
		t.Error(err)
	}
	if _, err := os.Stat(killed); !os.IsNotExist(err) {
		t.Errorf("the folder of a killed process: %v", err)
	}
	if _, err := os.Stat(busy); err != nil {
		t.Error(err)
	}
}
