//go:build unix

package renew_test

import (
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"cgp-cred/helper/renew"
	"cgp-cred/keystore/disk"
)

// With any umask the folder is 0700 and the file 0600.
func TestUmask(t *testing.T) {
	for _, umask := range []int{0, 0o777} {
		dir := t.TempDir()
		old := syscall.Umask(umask)
		folder, _, err := renew.Folder(disk.Folders{}, dir)
		var f *renew.File
		if err == nil {
			s := &source{life: time.Minute}
			f, err = renew.Start(t.Context(),
				renew.Options{Path: filepath.Join(folder, "token"), Format: "token", Source: s.get})
		}
		syscall.Umask(old)
		if err != nil {
			t.Fatal(err)
		}
		for path, want := range map[string]os.FileMode{folder: 0o700 | os.ModeDir, f.Path(): 0o600} {
			if info, err := os.Lstat(path); err != nil || info.Mode() != want {
				t.Errorf("umask %o: %s has mode %v, want %v; %v", umask, path, info.Mode(), want, err)
			}
		}
		if err := f.Close(); err != nil {
			t.Error(err)
		}
	}
}
