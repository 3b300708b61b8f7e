//go:build unix

package disk_test

import (
	"io/fs"
	"os"
	"strings"
	"testing"

	"cgp-cred/keystore/disk"
)

func TestLockBroken(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	must(t, os.WriteFile(dir+"/target", nil, 0o600))
	must(t, os.Symlink(dir+"/target", dir+"/link"))
	must(t, os.Mkdir(dir+"/open", 0o700))
	must(t, os.Chmod(dir+"/open", 0o777))
	for _, path := range []string{dir + "/link", dir + "/target/lock", dir + "/open/lock", dir, "relative/lock"} {
		release, state, err := disk.TryLock(path)
		release()
		if state != disk.Broken || err == nil {
			t.Errorf("%s: %d, %v; want Broken", path, state, err)
		}
	}
	t.Run("read-only folder", func(t *testing.T) {
		needRoot(t)
		out := run(t, victim, "refused-lock", "nothing", shared(t)+"/cgp-cred/lock")
		if !strings.HasPrefix(out, "state 3 ") || !strings.Contains(out, fs.ErrPermission.Error()) {
			t.Errorf("got %q", out)
		}
	})
}
