package disk_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"cgp-cred/keystore/disk"
)

func init() {
	children["folders"] = func([]string) error {
		f, err := disk.UserFolders()
		fmt.Println(f.Config, os.Getenv("XDG_CONFIG_HOME"))
		return err
	}
}

// The XDG library reads a file before main: it must not.
func TestUserDirsAtStart(t *testing.T) {
	t.Parallel()
	for _, kind := range []string{"pipe", "link to a device", "huge", "folder", "socket"} {
		config := t.TempDir()
		must(t, os.Symlink(odd(t, kind), filepath.Join(config, "user-dirs.dirs")))
		cmd := command(t, -1, "folders")
		cmd.Env = append(os.Environ(), "HOME=/h", "XDG_CONFIG_HOME="+config)
		got, err := cmd.CombinedOutput()
		if want := config + "/cgp-cred " + config + "\n"; err != nil || string(got) != want {
			t.Errorf("%s: %v: %q, want %q", kind, err, got, want)
		}
	}
}

// A program that uses this package may change its environment: then the library reads its file.
func TestUserDirsReloaded(t *testing.T) {
	for kind, bad := range map[string]bool{
		"pipe": true, "link to a device": true, "huge": true, "folder": true,
		"socket": true, "file": false, "missing": false,
	} {
		config := t.TempDir()
		path := filepath.Join(config, "user-dirs.dirs")
		must(t, os.Symlink(odd(t, kind), path))
		t.Setenv("XDG_CONFIG_HOME", config)
		got, err := disk.UserFolders()
		if bad != (err != nil) || !bad && got.Config != config+"/cgp-cred" {
			t.Errorf("%s: %+v, %v", kind, got, err)
		}
		if kind == "pipe" {
			var unsafe *disk.UnsafeError
			if !errors.As(err, &unsafe) || unsafe.Path != path {
				t.Errorf("%s: %v", kind, err)
			}
		}
	}
}
