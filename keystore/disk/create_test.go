//go:build unix

package disk_test

import (
	"errors"
	"os"
	"testing"

	"cgp-cred/keystore/disk"
	"cgp-cred/keystore/keystoretest"
)

func TestCreateOnceAttacked(t *testing.T) {
	t.Parallel()
	for name, spoil := range map[string]func(path string) error{
		"a link":          func(p string) error { return os.Symlink("/etc/hostname", p) },
		"a dangling link": func(p string) error { return os.Symlink(p+".none", p) },
		"readable by others": func(p string) error {
			return errors.Join(os.WriteFile(p, []byte("x"), 0o600), os.Chmod(p, 0o644))
		},
		"empty": func(p string) error { return os.WriteFile(p, nil, 0o600) },
		"of another user": func(p string) error {
			if !keystoretest.Users.Here() { // a user can't make such a file; the mode is refused as well
				return errors.Join(os.WriteFile(p, []byte("x"), 0o600), os.Chmod(p, 0o666))
			}
			return errors.Join(os.WriteFile(p, []byte("x"), 0o600), os.Chown(p, attacker, attacker))
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			path := t.TempDir() + "/seal.key"
			must(t, spoil(path))
			var unsafe *disk.UnsafeError
			if got, err := disk.CreateOnce(path, []byte("mine")); !errors.As(err, &unsafe) || got != nil {
				t.Errorf("got %q, %v; want an UnsafeError", got, err)
			}
		})
	}
}
