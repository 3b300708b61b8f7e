//go:build unix

package disk_test

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"cgp-cred/keystore/disk"
	"cgp-cred/keystore/fault"
)

// aside moves a folder away and puts a link to it in its place.
func aside(t *testing.T, path string) (target string) {
	t.Helper()
	target = path + ".real"
	must(t, os.Rename(path, target))
	must(t, os.Symlink(target, path))
	return target
}

func TestReadFileAttacked(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name    string
		root    bool // needs root
		spoil   func(t *testing.T, tr tree)
		problem string // of the UnsafeError; "" if the file is read
	}{
		{name: "as it should be", spoil: func(*testing.T, tree) {}},
		{name: "readable by others", spoil: func(t *testing.T, tr tree) { must(t, os.Chmod(tr.file, 0o644)) }},
		{
			name: "file written by everybody", spoil: func(t *testing.T, tr tree) { must(t, os.Chmod(tr.file, 0o602)) },
			problem: "can be written by everybody",
		},
		{
			name: "folder written by everybody", spoil: func(t *testing.T, tr tree) {
				must(t, os.Chmod(tr.profiles, 0o703))
			},
			problem: "can be written by everybody",
		},
		{
			name: "own folder sticky", spoil: func(t *testing.T, tr tree) {
				must(t, os.Chmod(tr.own, 0o777|fs.ModeSticky))
			},
			problem: "can be written by everybody",
		},
		{
			name: "home written by everybody", spoil: func(t *testing.T, tr tree) { must(t, os.Chmod(tr.home, 0o777)) },
			problem: "can be written by everybody",
		},
		{name: "sticky folder above", spoil: func(t *testing.T, tr tree) {
			must(t, os.Chmod(tr.home, 0o777|fs.ModeSticky))
		}},
		{name: "file a link", spoil: func(t *testing.T, tr tree) { aside(t, tr.file) }, problem: "symbolic link"},
		{name: "own folder a link", spoil: func(t *testing.T, tr tree) { aside(t, tr.own) }, problem: "symbolic link"},
		{name: "profiles a link", spoil: func(t *testing.T, tr tree) {
			aside(t, tr.profiles)
		}, problem: "symbolic link"},
		{name: "config a link to dotfiles", spoil: func(t *testing.T, tr tree) { aside(t, tr.config) }},
		{name: "config a relative link", spoil: func(t *testing.T, tr tree) {
			must(t, os.MkdirAll(tr.home+"/dot/files", 0o700))
			must(t, os.Rename(tr.config, tr.home+"/dot/config"))
			must(t, os.Symlink("./dot/files/../config", tr.config))
		}},
		{name: "config a link into a folder of everybody", spoil: func(t *testing.T, tr tree) {
			must(t, os.Mkdir(tr.home+"/open", 0o700))
			must(t, os.Rename(tr.config, tr.home+"/open/config"))
			must(t, os.Symlink("open/config", tr.config))
			must(t, os.Chmod(tr.home+"/open", 0o777))
		}, problem: "can be written by everybody"},
		{name: "hard link", spoil: func(t *testing.T, tr tree) {
			must(t, os.Link(tr.file, tr.home+"/other"))
		}, problem: "2 names"},
		{name: "named pipe", spoil: func(t *testing.T, tr tree) {
			must(t, os.Remove(tr.file))
			must(t, syscall.Mkfifo(tr.file, 0o600))
		}, problem: "not a regular file"},
		{name: "folder in the file's place", spoil: func(t *testing.T, tr tree) {
			must(t, os.Remove(tr.file))
			must(t, os.Mkdir(tr.file, 0o700))
		}, problem: "not a regular file"},
		{name: "file of a foreign group", root: true, spoil: func(t *testing.T, tr tree) {
			must(t, os.Chown(tr.file, 0, attacker))
			must(t, os.Chmod(tr.file, 0o620))
		}, problem: "can be written by its group"},
		{
			name: "file of another user", root: true, spoil: func(t *testing.T, tr tree) {
				must(t, os.Chown(tr.file, attacker, 0))
			},
			problem: "belongs to uid 65533, and you are uid 0",
		},
		{
			name: "own folder of another user", root: true, spoil: func(t *testing.T, tr tree) {
				must(t, os.Chown(tr.own, attacker, 0))
			},
			problem: "belongs to uid 65533",
		},
		{
			name: "home of another user", root: true, spoil: func(t *testing.T, tr tree) {
				must(t, os.Chown(tr.home, attacker, 0))
			},
			problem: "belongs to uid 65533",
		},
		{name: "link of another user", root: true, spoil: func(t *testing.T, tr tree) {
			aside(t, tr.config)
			must(t, os.Lchown(tr.config, attacker, 0))
		}, problem: "belongs to uid 65533"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if tt.root {
				needRoot(t)
			}
			tr := newTree(t)
			tt.spoil(t, tr)
			got, err := disk.ReadFile(tr.file, 100)
			if tt.problem == "" {
				if err != nil || string(got) != "content" {
					t.Errorf("got %q, %v", got, err)
				}
				return
			}
			var unsafe *disk.UnsafeError
			if !errors.As(err, &unsafe) || !strings.Contains(unsafe.Problem, tt.problem) || got != nil {
				t.Fatalf("got %q, %v; want an UnsafeError: %s", got, err, tt.problem)
			}
			if fault.HintOf(err, "") == "" || !strings.HasPrefix(unsafe.Path, tr.home) {
				t.Errorf("path %q, hint %q", unsafe.Path, fault.HintOf(err, ""))
			}
			followHints(t, tr)
		})
	}
}

// followHints does what each hint says, as a user would, until the file is read or is absent. A hint changes nothing
// above cgp-cred's own folders.
func followHints(t *testing.T, tr tree) {
	t.Helper()
	for range 5 {
		_, err := disk.ReadFile(tr.file, 100)
		var unsafe *disk.UnsafeError
		if !errors.As(err, &unsafe) {
			if err != nil && !errors.Is(err, fs.ErrNotExist) {
				t.Errorf("after the hints: %v", err)
			}
			return
		}
		hint := fault.HintOf(err, "")
		commands := hint[strings.LastIndex(hint, ": ")+1:]
		if strings.HasPrefix(strings.TrimSpace(commands), "ls -ld ") {
			if strings.Contains(unsafe.Path, "/cgp-cred") {
				t.Errorf("hint %q does not fix %q", hint, unsafe.Path)
			}
			return
		}
		if !strings.Contains(unsafe.Path, "/cgp-cred") {
			t.Errorf("hint %q changes what is not cgp-cred's", hint)
		}
		run := exec.CommandContext(t.Context(), "sh", "-c", strings.ReplaceAll(commands, "sudo ", ""))
		if out, err := run.CombinedOutput(); err != nil {
			t.Fatalf("hint %q: %v, %s", hint, err, out)
		}
	}
	t.Error("the hints lead in a circle")
}

func TestUnsafeErrorSaysHowToFixIt(t *testing.T) {
	t.Parallel()
	tr := newTree(t)
	must(t, os.Chmod(tr.profiles, 0o777))
	_, err := disk.ReadFile(tr.file, 100)
	var unsafe *disk.UnsafeError
	if !errors.As(err, &unsafe) || fault.HintOf(err, "") != "chmod go-w "+tr.profiles {
		t.Fatalf("got %v", err)
	}
	odd := filepath.Join(t.TempDir(), "it's here; really", "cgp-cred")
	must(t, os.MkdirAll(odd, 0o700))
	must(t, os.Chmod(odd, 0o777))
	if !errors.As(disk.CheckFolder(odd), &unsafe) ||
		!strings.HasSuffix(fault.HintOf(unsafe, ""), `it'\''s here; really/cgp-cred'`) {
		t.Errorf("hint %q is not one word for a shell", unsafe.FaultHints())
	}
}

func TestReadFileLimits(t *testing.T) {
	t.Parallel()
	tr := newTree(t)
	if _, err := disk.ReadFile(tr.file, 7); err != nil {
		t.Errorf("7 bytes with a limit of 7: %v", err)
	}
	if _, err := disk.ReadFile(tr.file, 6); err == nil || !strings.Contains(err.Error(), "over 6 bytes") {
		t.Errorf("7 bytes with a limit of 6: %v", err)
	}
	big := bytes.Repeat([]byte("x"), 1<<20)
	must(t, os.WriteFile(tr.file, big, 0o600))
	if got, err := disk.ReadFile(tr.file, 1<<20); err != nil || !bytes.Equal(got, big) {
		t.Errorf("1 MiB: %d bytes, %v", len(got), err)
	}
	for _, path := range []string{tr.profiles + "/none", tr.own + "/none/none"} {
		if _, err := disk.ReadFile(path, 7); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("%s: %v, want fs.ErrNotExist", path, err)
		}
	}
	for _, path := range []string{"", "int.yaml", "./int.yaml"} {
		var unsafe *disk.UnsafeError
		if _, err := disk.ReadFile(path, 7); !errors.As(err, &unsafe) {
			t.Errorf("relative %q: %v, want an UnsafeError", path, err)
		}
	}
	loop := t.TempDir() + "/loop"
	must(t, os.Symlink(loop, loop))
	if _, err := disk.ReadFile(loop+"/x", 7); !errors.Is(err, syscall.ELOOP) {
		t.Errorf("links in a circle: %v", err)
	}
}

func TestReadPrivate(t *testing.T) {
	t.Parallel()
	tr := newTree(t)
	if got, err := disk.ReadPrivate(tr.file, 7); err != nil || string(got) != "content" {
		t.Errorf("0600: %q, %v", got, err)
	}
	must(t, os.Chmod(tr.file, 0o640))
	var unsafe *disk.UnsafeError
	if _, err := disk.ReadPrivate(tr.file, 7); !errors.As(err, &unsafe) ||
		fault.HintOf(err, "") != "chmod go= "+tr.file {
		t.Errorf("0640: %v, want an UnsafeError", err)
	}
}

// A file that CreateOnce is publishing has two names for a moment.
func TestReadFileOutlivesSecondName(t *testing.T) {
	t.Parallel()
	tr := newTree(t)
	second := tr.profiles + "/second"
	var err error
	for range 20 { // a busy machine may be late to remove it
		must(t, os.Link(tr.file, second))
		gone := make(chan struct{})
		time.AfterFunc(3*time.Millisecond, func() { _ = os.Remove(second); close(gone) })
		_, err = disk.ReadFile(tr.file, 7)
		<-gone
		if err == nil {
			return
		}
	}
	t.Error(err)
}

func init() {
	children["read"] = func(args []string) error {
		b, err := disk.ReadFile(args[0], 100)
		fmt.Printf("%s", b)
		return err
	}
}

func TestTwoUsers(t *testing.T) {
	t.Parallel()
	needRoot(t)
	dir := shared(t)
	must(t, os.Chmod(dir, 0o777|fs.ModeSticky)) // as /tmp
	for owner, folder := range map[int]string{
		victim: dir + "/mine/cgp-cred", attacker: dir + "/theirs/cgp-cred",
		0: dir + "/roots/cgp-cred",
	} {
		must(t, os.MkdirAll(folder, 0o755))
		must(t, os.WriteFile(folder+"/f", []byte("content"), 0o644))
		for _, p := range []string{filepath.Dir(folder), folder, folder + "/f"} {
			must(t, os.Chown(p, owner, owner))
		}
	}
	if got := run(t, victim, "read", dir+"/mine/cgp-cred/f"); got != "content" {
		t.Errorf("own file: %s", got)
	}
	if got := run(t, victim, "read", dir+"/roots/cgp-cred/f"); got != "content" {
		t.Errorf("root's file: %s", got)
	}
	if got := run(t, victim, "read", dir+"/theirs/cgp-cred/f"); !strings.Contains(got, "belongs to uid 65533") {
		t.Errorf("another user's file: %s", got)
	}
	// Another user's link, in the folder that both can write, to the victim's own file and folder.
	must(t, os.Symlink(dir+"/mine", dir+"/bait"))
	must(t, os.Lchown(dir+"/bait", attacker, attacker))
	if got := run(t, victim, "read", dir+"/bait/cgp-cred/f"); !strings.Contains(got, "belongs to uid 65533") {
		t.Errorf("another user's link: %s", got)
	}
}

func BenchmarkReadFile(b *testing.B) {
	dir := b.TempDir()
	path := filepath.Join(dir, "cgp-cred", "profiles", "int.yaml")
	if err := disk.WriteFile(path, []byte("api_host: int\n")); err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		if _, err := disk.ReadFile(path, 4096); err != nil {
			b.Fatal(err)
		}
	}
}
