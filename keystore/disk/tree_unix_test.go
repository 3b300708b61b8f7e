//go:build unix

package disk_test

import (
	"errors"
	"net"
	"os"
	"path/filepath"
	"testing"

	"golang.org/x/sys/unix"

	"cgp-cred/keystore/disk"
)

// No pipe is waited for, and no device or socket is opened.
func TestTreeOddFiles(t *testing.T) {
	tree, folder := treeOf(t)
	if err := unix.Mkfifo(filepath.Join(folder, "pipe"), 0o600); err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("unix", filepath.Join(folder, "socket"))
	if err != nil {
		t.Skip(err)
	}
	defer func() { _ = l.Close() }()
	_ = unix.Mknod(filepath.Join(folder, "device"), unix.S_IFCHR|0o600, 1<<8|3) // only root may
	for _, name := range []string{"pipe", "socket", "device"} {
		for _, trusted := range []bool{false, true} {
			if f, err := tree.Open(name, trusted); err == nil {
				_ = f.Close()
				t.Errorf("%s was opened", name)
			}
		}
		if _, err := disk.OpenInput(filepath.Join(folder, name)); err == nil {
			t.Errorf("%s was opened", name)
		}
	}
}

// What another user could have written is data, and never a page.
func TestTreeTrusted(t *testing.T) {
	for name, spoil := range map[string]func(folder string) error{
		"file":   func(folder string) error { return os.Chmod(filepath.Join(folder, "sub", "a.bam"), 0o666) },
		"folder": func(folder string) error { return os.Chmod(filepath.Join(folder, "sub"), 0o777) },
		"root":   func(folder string) error { return os.Chmod(folder, 0o777) },
		"link": func(folder string) error {
			if err := os.Chmod(filepath.Join(folder, "sub"), 0o777); err != nil {
				return err
			}
			return errors.Join(os.Mkdir(filepath.Join(folder, "other"), 0o700),
				os.Rename(filepath.Join(folder, "sub"), filepath.Join(folder, "real")),
				os.Symlink("real", filepath.Join(folder, "sub")))
		},
	} {
		tree, folder := treeOf(t)
		if err := spoil(folder); err != nil {
			t.Fatal(err)
		}
		if read(t, tree, "sub/a.bam", false) != "bam" {
			t.Errorf("%s: no data", name)
		}
		f, err := tree.Open("sub/a.bam", true)
		var unsafe *disk.UnsafeError
		if err == nil || !errors.As(err, &unsafe) {
			t.Errorf("%s: it was trusted: %v", name, err)
		}
		if err == nil {
			_ = f.Close()
		}
	}
}
