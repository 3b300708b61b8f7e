//go:build unix

package renew_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"cgp-cred/helper/renew"
	"cgp-cred/keystore/disk"
	"cgp-cred/keystore/fault"
)

// macOS has no folder in memory: the token file is in the user's own folder for temporary files, which is TMPDIR only
// if that is closed to others.
func TestFolderOnMac(t *testing.T) {
	private, open := t.TempDir(), t.TempDir()
	for path, mode := range map[string]os.FileMode{private: 0o700, open: 0o755} {
		if err := os.Chmod(path, mode); err != nil {
			t.Fatal(err)
		}
	}
	link := filepath.Join(t.TempDir(), "link")
	if err := os.Symlink(private, link); err != nil {
		t.Fatal(err)
	}
	none := disk.Folders{State: "/nowhere/cgp-cred", Runtime: "/nowhere/cgp-cred"}
	for name, c := range map[string]struct{ variable, setting, want string }{
		"TMPDIR":                  {private + "/", "exit 1", private},
		"TMPDIR of other users":   {open, "echo " + private + "/", private},
		"a link":                  {link, "echo " + private, private},
		"no TMPDIR":               {"", "echo " + private, private},
		"a relative TMPDIR":       {".", "echo " + private, private},
		"both of other users":     {open, "echo " + open, ""},
		"getconf knows no folder": {open, "exit 64", ""},
		"getconf says nothing":    {"/nowhere", "true", ""},
	} {
		t.Run(name, func(t *testing.T) {
			getconf := filepath.Join(t.TempDir(), "getconf")
			script := "#!/bin/sh\n[ \"$*\" = DARWIN_USER_TEMP_DIR ] || exit 9\n" + c.setting + "\n"
			if err := os.WriteFile(getconf, []byte(script), 0o700); err != nil {
				t.Fatal(err)
			}
			t.Setenv("TMPDIR", c.variable)
			defer renew.OnMac(getconf)()
			path, onDisk, err := renew.Folder(none, "")
			if c.want == "" {
				if fault.ClassOf(err) != fault.Usage || !strings.Contains(fault.HintOf(err, ""), "--token-dir DIR") {
					t.Errorf("%s, %v", path, err)
				}
				return
			}
			info, _ := os.Lstat(path)
			if err != nil || !onDisk || filepath.Dir(path) != c.want || info.Mode() != 0o700|os.ModeDir {
				t.Errorf("%s, on a disk: %v, %v", path, onDisk, err)
			}
		})
	}
	if left, _ := os.ReadDir(open); len(left) > 0 {
		t.Errorf("%v is in a folder that others can read", left)
	}
}
