//go:build linux

package disk_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"cgp-cred/keystore/disk"
	"cgp-cred/keystore/fault"
)

// A private folder in one that all users can write: made, or the one that is there, and nothing that another user has
// put there or could look into.
func TestMakePrivate(t *testing.T) {
	t.Parallel()
	needRoot(t)
	for name, tt := range map[string]struct {
		prepare func(t *testing.T, path string)
		problem string // empty: it is used
		stays   bool   // what was there is unchanged
	}{
		"absent":          {func(*testing.T, string) {}, "", false},
		"there":           {func(t *testing.T, path string) { t.Helper(); must(t, os.Mkdir(path, 0o700)) }, "", true},
		"others may look": {func(t *testing.T, path string) { t.Helper(); must(t, os.Mkdir(path, 0o755)) }, "is not closed", true},
		"others may write": {
			func(t *testing.T, path string) {
				t.Helper()
				must(t, os.Mkdir(path, 0o700))
				must(t, os.Chmod(path, 0o777))
			}, "can be written by everybody", true,
		},
		"sticky": {
			func(t *testing.T, path string) {
				t.Helper()
				must(t, os.Mkdir(path, 0o700))
				must(t, os.Chmod(path, 0o777|os.ModeSticky))
			}, "can be written by everybody", true,
		},
		"another user's": {
			func(t *testing.T, path string) {
				t.Helper()
				must(t, os.Mkdir(path, 0o700))
				must(t, os.Chown(path, 30000, 30000))
			}, "belongs to uid 30000", true,
		},
		"a link": {
			func(t *testing.T, path string) { t.Helper(); must(t, os.Symlink(t.TempDir(), path)) },
			"is a symbolic link", true,
		},
		"another user's link": {
			func(t *testing.T, path string) {
				t.Helper()
				must(t, os.Symlink(t.TempDir(), path))
				must(t, os.Lchown(path, 30000, 30000))
			}, "belongs to uid 30000", true,
		},
		"a link to nowhere": {
			func(t *testing.T, path string) { t.Helper(); must(t, os.Symlink("nowhere", path)) }, "is a symbolic link", true,
		},
		"a file": {
			func(t *testing.T, path string) { t.Helper(); must(t, os.WriteFile(path, nil, 0o600)) }, "is not a folder", true,
		},
		"a folder that all write, without a sticky bit": {
			func(t *testing.T, path string) { t.Helper(); must(t, os.Chmod(filepath.Dir(path), 0o777)) },
			"can be written by everybody", false,
		},
		"another user's folder": {
			func(t *testing.T, path string) { t.Helper(); must(t, os.Chown(filepath.Dir(path), 30000, 30000)) },
			"belongs to uid 30000", false,
		},
		"no folder": {
			func(t *testing.T, path string) { t.Helper(); must(t, os.Remove(filepath.Dir(path))) }, "no such file", false,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			in := filepath.Join(t.TempDir(), "shm")
			must(t, os.Mkdir(in, 0o700))
			must(t, os.Chmod(in, 0o777|os.ModeSticky))
			path := filepath.Join(in, "cgp-cred-0")
			tt.prepare(t, path)
			before, _ := os.Lstat(path)
			err := disk.MakePrivate(path)
			after, _ := os.Lstat(path)
			switch {
			case tt.problem == "":
				if err != nil || after == nil || after.Mode() != 0o700|os.ModeDir {
					t.Errorf("%v, %v", err, after)
				}
			case err == nil || !strings.Contains(err.Error(), tt.problem):
				t.Errorf("error %v, want %q", err, tt.problem)
			case tt.stays && (after == nil || !os.SameFile(before, after) || before.Mode() != after.Mode()):
				t.Errorf("changed from %v to %v", before, after)
			case !tt.stays && after != nil:
				t.Errorf("%v is left", after)
			}
		})
	}
}

// The hint for an owner that a file server does not map names what maps it.
func TestUnmappedOwner(t *testing.T) {
	t.Parallel()
	needRoot(t)
	for uid, nfs := range map[int]bool{65534: true, 1<<32 - 2: true, 30000: false, 65533: false} {
		for _, name := range []string{"cgp-cred", "home"} {
			path := filepath.Join(t.TempDir(), name)
			must(t, os.Mkdir(path, 0o700))
			must(t, os.Chown(path, uid, uid))
			err := disk.CheckFolder(path)
			if hint := fault.HintOf(err, ""); err == nil || strings.Contains(hint, "/etc/idmapd.conf") != nfs {
				t.Errorf("%d: %v, hint %q", uid, err, hint)
			}
		}
	}
}
