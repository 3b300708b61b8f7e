//go:build unix

package disk_test

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"cgp-cred/keystore/disk"
	"cgp-cred/keystore/fault"
)

func TestWriteFile(t *testing.T) { eachWriter(t, writeFile) }

func writeFile(t *testing.T, write func(string, []byte) error) {
	tr := newTree(t)
	must(t, os.Chmod(tr.file, 0o644))
	must(t, write(tr.file, []byte("new")))
	got, err := disk.ReadPrivate(tr.file, 10)
	if err != nil || string(got) != "new" {
		t.Errorf("got %q, %v: the old file's mode must not stay", got, err)
	}
	if got := files(t, tr.profiles); got != "int.yaml" {
		t.Errorf("left behind: %s", got)
	}
}

func TestWriteFileReplacesALinkNotItsTarget(t *testing.T) { eachWriter(t, replaceALink) }

func replaceALink(t *testing.T, write func(string, []byte) error) {
	tr := newTree(t)
	target := aside(t, tr.file)
	must(t, write(tr.file, []byte("new")))
	if got, err := disk.ReadFile(tr.file, 10); err != nil || string(got) != "new" {
		t.Errorf("got %q, %v", got, err)
	}
	if got, _ := os.ReadFile(target); string(got) != "content" {
		t.Errorf("the link's target was written: %q", got)
	}
}

func TestWriteFileRefusesAFolderOfEverybody(t *testing.T) { eachWriter(t, refuseAFolder) }

func refuseAFolder(t *testing.T, write func(string, []byte) error) {
	tr := newTree(t)
	must(t, os.Chmod(tr.own, 0o777))
	var unsafe *disk.UnsafeError
	if err := write(tr.file, []byte("new")); !errors.As(err, &unsafe) {
		t.Errorf("got %v, want an UnsafeError", err)
	}
	if got, _ := os.ReadFile(tr.file); string(got) != "content" || files(t, tr.profiles) != "int.yaml" {
		t.Errorf("written all the same: %q", got)
	}
}

func TestMakeFolder(t *testing.T) {
	t.Parallel()
	home := t.TempDir()
	path := home + "/.local/state/cgp-cred/deep"
	must(t, disk.MakeFolder(path))
	must(t, disk.MakeFolder(path))
	for p := path; p != home; p = filepath.Dir(p) {
		if info, err := os.Stat(p); err != nil || info.Mode().Perm() != 0o700 {
			t.Errorf("%s: %v, %v", p, info, err)
		}
	}
	must(t, os.Chmod(path, 0o755))
	must(t, disk.MakeFolder(path))
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o700 {
		t.Errorf("a folder that others can read: %v, %v", info.Mode(), err)
	}
	if err := disk.MakeFolder(path + "/../../cgp-cred/deep"); err != nil {
		t.Errorf("a path that is not clean: %v", err)
	}
	must(t, os.WriteFile(home+"/file", nil, 0o600))
	var unsafe *disk.UnsafeError
	if err := disk.MakeFolder(home + "/file/cgp-cred"); !errors.As(err, &unsafe) || unsafe.Path != home+"/file" ||
		!strings.Contains(fault.HintOf(unsafe, ""), "ls -ld ") {
		t.Errorf("below a file: %v", err)
	}
	must(t, os.Mkdir(path+"/folder", 0o700))
	if err := disk.WriteFile(path+"/folder", nil); !errors.As(err, &unsafe) || unsafe.Path != path+"/folder" {
		t.Errorf("a folder in place of a file: %v", err)
	}
	must(t, os.Symlink(path, home+"/cgp-cred"))
	if err := disk.MakeFolder(home + "/cgp-cred"); !errors.As(err, &unsafe) {
		t.Errorf("a link in its place: %v", err)
	}
}

// umask sets the one that umask:MASK names.
func umask(arg string) error {
	var mask int
	_, err := fmt.Sscanf(arg, "umask:%o", &mask)
	syscall.Umask(mask)
	return err
}

func init() {
	children["lock"] = func(args []string) error { // MODE PATH
		if err := umask(args[0]); err != nil {
			return err
		}
		release, state, err := disk.TryLock(args[1])
		defer release()
		fmt.Printf("state %d %v\n", state, err)
		return nil
	}
	children["write"] = func(args []string) error { // MODE PATH SIZE
		switch mode, _, _ := strings.Cut(args[0], ":"); mode {
		case "umask":
			if err := umask(args[0]); err != nil {
				return err
			}
		case "full":
			signal.Ignore(syscall.SIGXFSZ)
			if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &syscall.Rlimit{Cur: 4096, Max: 4096}); err != nil {
				return err
			}
		}
		var size int
		if _, err := fmt.Sscan(args[2], &size); err != nil {
			return err
		}
		return disk.WriteFile(args[1], bytes.Repeat([]byte("n"), size))
	}
}

func TestWriteFileUmask(t *testing.T) {
	t.Parallel()
	for _, mask := range []string{"0", "022", "077", "0777"} {
		path := t.TempDir() + "/cgp-cred/f"
		must(t, os.Mkdir(filepath.Dir(path), 0o700))
		if out := run(t, -1, "write", "umask:"+mask, path, "3"); out != "" {
			t.Errorf("umask %s: %s", mask, out)
		}
		if info, err := os.Stat(path); err != nil || info.Mode() != 0o600 {
			t.Errorf("umask %s: %v, %v", mask, info, err)
		}
	}
}

// Folders and files of a user who is not root, and whose own umask can shut the user out.
func TestUmaskOfAUser(t *testing.T) {
	t.Parallel()
	needRoot(t)
	for _, mask := range []string{"0", "0177", "0777"} {
		home := shared(t)
		must(t, os.Chown(home, victim, victim))
		path := home + "/.config/cgp-cred/profiles/f"
		for range 2 {
			if out := run(t, victim, "write", "umask:"+mask, path, "3"); out != "" {
				t.Errorf("umask %s: %s", mask, out)
			}
			if out := run(t, victim, "lock", "umask:"+mask, filepath.Dir(path)+"/lock"); out != "state 1 <nil>" {
				t.Errorf("umask %s: %s", mask, out)
			}
		}
		for p := path; p != home; p = filepath.Dir(p) {
			want := fs.FileMode(0o600)
			if p != path {
				want = 0o700 | fs.ModeDir
			}
			if info, err := os.Lstat(p); err != nil || info.Mode() != want {
				t.Errorf("umask %s: %s is %v, %v; want %v", mask, p, info, err, want)
			}
		}
	}
}

func TestWriteFileFails(t *testing.T) {
	t.Parallel()
	t.Run("disk full half-way", func(t *testing.T) {
		t.Parallel()
		tr := newTree(t)
		if out := run(t, -1, "write", "full", tr.file, "100000"); !strings.Contains(out, "file too large") {
			t.Errorf("got %q", out)
		}
		intact(t, tr)
	})
	t.Run("read-only folder", func(t *testing.T) {
		t.Parallel()
		needRoot(t)
		dir := shared(t) + "/cgp-cred"
		must(t, os.Mkdir(dir, 0o755))
		must(t, os.WriteFile(dir+"/f", []byte("content"), 0o600))
		must(t, os.Chown(dir, victim, victim))
		must(t, os.Chown(dir+"/f", victim, victim))
		must(t, os.Chown(dir, 0, 0)) // root's, and the test may read it
		if out := run(t, victim, "write", "plain", dir+"/f", "3"); !strings.Contains(out, fs.ErrPermission.Error()) {
			t.Errorf("got %q", out)
		}
		if got, _ := os.ReadFile(dir + "/f"); string(got) != "content" || files(t, dir) != "f" {
			t.Errorf("the file was %q, the folder holds %s", got, files(t, dir))
		}
	})
}
