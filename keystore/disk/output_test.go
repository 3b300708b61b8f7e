package disk_test

import (
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"cgp-cred/keystore/disk"
	"cgp-cred/keystore/fault"
	"cgp-cred/keystore/keystoretest"
)

func TestOutput(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	at := func(name string) string { return filepath.Join(folder, name) }
	if err := os.Mkdir(at("dir"), 0o700); err != nil {
		t.Fatal(err)
	}
	links := runtime.GOOS != "windows" // it has them for administrators only
	for link, target := range map[string]string{"link": "real", "chain": "link", "dirlink": "dir", "loop": "loop"} {
		if !links {
			break
		}
		if err := os.Symlink(target, at(link)); err != nil {
			t.Fatal(err)
		}
	}
	for _, c := range []struct {
		name, file string
		mode       fs.FileMode
	}{
		{"real", "real", 0o644},
		{"real", "real", 0o600},
		{"chain", "real", 0o644},
		{"dirlink/new", "dir/new", 0o600},
		{"dir/../new", "new", 0o644},
	} {
		if !links && (c.name == "chain" || c.name == "dirlink/new") {
			continue
		}
		if err := disk.CheckOutput(at(c.name)); err != nil {
			t.Fatalf("%s: %v", c.name, err)
		}
		if err := disk.WriteOutput(at(c.name), []byte(c.name), c.mode); err != nil {
			t.Fatalf("%s: %v", c.name, err)
		}
		got, err := os.ReadFile(at(c.file))
		info, ierr := os.Lstat(at(c.file))
		if err != nil || ierr != nil || string(got) != c.name ||
			runtime.GOOS != "windows" && info.Mode() != c.mode {
			t.Errorf("%s: %q, %v, %v", c.name, got, info.Mode(), err)
		}
	}
	if info, err := os.Lstat(at("chain")); links && (err != nil || info.Mode()&fs.ModeSymlink == 0) {
		t.Errorf("the link is gone: %v", err)
	}
	for name, says := range map[string]string{
		"missing/x": "no such file", "dir": "is not a regular file", "real/x": "not a directory", "loop": "symbolic links",
		"": "is not a regular file",
	} {
		err := disk.CheckOutput(at(name))
		if runtime.GOOS != "windows" && (fault.ClassOf(err) != fault.Usage || !strings.Contains(err.Error(), says) ||
			fault.HintOf(err, "") == "") {
			t.Errorf("%q: %v", name, err)
		}
	}
	if err := disk.CheckOutput(at("never")); err != nil {
		t.Fatal(err)
	}
	left, err := os.ReadDir(folder)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range left {
		if _, temp := disk.TempOf(e.Name()); temp || e.Name() == "never" {
			t.Errorf("%s was left", e.Name())
		}
	}
}

// A link of another user could name a file of this user's that must not be replaced.
func TestOutputRefusesLinksOfOthers(t *testing.T) {
	t.Parallel()
	keystoretest.Require(t, keystoretest.Users)
	folder := t.TempDir()
	mine := filepath.Join(folder, "mine")
	if err := os.Mkdir(mine, 0o700); err != nil {
		t.Fatal(err)
	}
	for link, target := range map[string]string{"file": "mine/kept", "folder": "mine"} {
		if err := os.Symlink(target, filepath.Join(folder, link)); err != nil {
			t.Fatal(err)
		}
		if err := os.Lchown(filepath.Join(folder, link), 12345, 12345); err != nil {
			t.Fatal(err)
		}
	}
	for _, name := range []string{"file", "folder/kept"} {
		for _, err := range []error{
			disk.CheckOutput(filepath.Join(folder, name)), disk.WriteOutput(filepath.Join(folder, name), []byte("x"), 0o644),
		} {
			if err == nil || !strings.Contains(err.Error(), "is a symbolic link of uid 12345") {
				t.Errorf("%s: %v", name, err)
			}
		}
	}
	if got, err := os.ReadDir(mine); err != nil || len(got) > 0 {
		t.Errorf("%v, %v", got, err)
	}
}
