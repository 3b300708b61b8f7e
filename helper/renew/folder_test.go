package renew_test

import (
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"cgp-cred/helper/renew"
	"cgp-cred/keystore/disk"
	"cgp-cred/keystore/fault"
	"cgp-cred/keystore/keystoretest"
)

func TestFolder(t *testing.T) {
	t.Parallel()
	keystoretest.Require(t, keystoretest.Unix)
	runtimeDir := t.TempDir()
	folders := disk.Folders{State: "/nowhere/cgp-cred", Runtime: filepath.Join(runtimeDir, "cgp-cred")}
	seen := make(map[string]bool)
	for range 3 {
		path, _, err := renew.Folder(folders, "")
		if err != nil {
			t.Fatal(err)
		}
		info, err := os.Lstat(path)
		if err != nil || info.Mode() != 0o700|os.ModeDir || seen[path] || filepath.Dir(path) != folders.Runtime {
			t.Errorf("%s: %v, %v", path, info, err)
		}
		seen[path] = true
	}

	// Another user has put a link where this user's folder should be: Folder uses another place, or fails.
	linked := disk.Folders{State: "/nowhere/cgp-cred", Runtime: filepath.Join(t.TempDir(), "cgp-cred")}
	elsewhere := t.TempDir()
	if err := os.Symlink(elsewhere, linked.Runtime); err != nil {
		t.Fatal(err)
	}
	checkShared(t, linked)
	if found, _ := os.ReadDir(elsewhere); len(found) > 0 {
		t.Error("the link was followed")
	}
	checkShared(t, disk.Folders{State: runtimeDir, Runtime: runtimeDir}) // no runtime folder: the state folder is used
}

// checkShared checks that the folder is in /dev/shm, or that the error asks for --token-dir if there is no /dev/shm.
func checkShared(t *testing.T, folders disk.Folders) {
	t.Helper()
	path, _, err := renew.Folder(folders, "")
	if _, missing := os.Stat("/dev/shm"); missing != nil {
		if fault.ClassOf(err) != fault.Usage || !strings.Contains(fault.HintOf(err, ""), "--token-dir DIR") {
			t.Errorf("error %v", err)
		}
		return
	}
	if err != nil || !strings.HasPrefix(path, "/dev/shm/cgp-cred-") {
		t.Fatalf("%s, %v", path, err)
	}
	if err := os.Remove(path); err != nil {
		t.Error(err)
	}
}

func TestTokenDir(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	path, _, err := renew.Folder(disk.Folders{}, dir)
	if err != nil || filepath.Dir(path) != dir {
		t.Errorf("%s, %v", path, err)
	}
	if _, _, err := renew.Folder(disk.Folders{}, filepath.Join(dir, "none")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("error %v", err)
	}
	if runtime.GOOS == "windows" {
		return
	}
	open := t.TempDir()
	if err := os.Chmod(open, 0o777); err != nil {
		t.Fatal(err)
	}
	var unsafe *disk.UnsafeError
	if _, _, err := renew.Folder(disk.Folders{}, open); !errors.As(err, &unsafe) || unsafe.Path != open {
		t.Errorf("error %v", err)
	}
	if left, _ := os.ReadDir(open); len(left) > 0 {
		t.Errorf("%v remains", left)
	}
}
