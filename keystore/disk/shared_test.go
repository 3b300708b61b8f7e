//go:build unix

package disk_test

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"cgp-cred/keystore/disk"
	"cgp-cred/keystore/fault"
	"cgp-cred/keystore/keystoretest"
)

// closed makes a folder of a mode that this test may write.
func folderOf(t *testing.T, mode fs.FileMode) string {
	t.Helper()
	folder := t.TempDir()
	must(t, os.Chmod(folder, mode))
	return folder
}

func toShare(path string) disk.Shared { return disk.Shared{Path: path, Mode: 0o600, Group: -1} }

// names returns what is in a folder.
func listOf(t *testing.T, folder string) []string {
	t.Helper()
	entries, err := os.ReadDir(folder)
	must(t, err)
	var list []string
	for _, e := range entries {
		list = append(list, e.Name())
	}
	return list
}

// The file has its mode and group whatever the umask, the file before it, and its folder, and nothing else is left.
func TestSharedWrites(t *testing.T) {
	own := os.Getegid()
	for _, c := range []struct {
		folder, before, mode fs.FileMode
		umask                int
	}{
		{0o700, 0, 0o600, 0o022},
		{0o700, 0, 0o640, 0o077},
		{0o755, 0o644, 0o600, 0},
		{0o750 | fs.ModeSetgid, 0o600, 0o440, 0o777},
		{0o755, 0o440, 0o400, 0o022},
		{0o777 | fs.ModeSticky, 0o400, 0o640, 0o022},
	} {
		folder := folderOf(t, c.folder)
		path := filepath.Join(folder, "token")
		if c.before != 0 {
			must(t, os.WriteFile(path, []byte("before"), 0o600))
			must(t, os.Chmod(path, c.before))
		}
		s := disk.Shared{Path: path, Mode: c.mode, Group: own}
		old := syscall.Umask(c.umask)
		at, err := s.Check()
		if err == nil {
			err = errors.Join(s.Write([]byte("one")), s.Write([]byte("two")))
		}
		syscall.Umask(old)
		must(t, err)
		resolved, err := filepath.EvalSymlinks(path)
		must(t, err)
		got, err := os.ReadFile(path)
		must(t, err)
		info, err := os.Lstat(path)
		must(t, err)
		if string(got) != "two" || info.Mode() != c.mode || at != resolved || !slices.Equal(listOf(t, folder), []string{"token"}) {
			t.Errorf("%+v: %q, mode %v, %s, %v", c, got, info.Mode(), at, listOf(t, folder))
		}
		if info.Sys().(*syscall.Stat_t).Gid != uint32(own) {
			t.Errorf("%+v: group %d", c, info.Sys().(*syscall.Stat_t).Gid)
		}
		if _, ok := s.Written(); !ok {
			t.Error("it was not written")
		}
	}
}

// What can't be a file that others read is refused, in one sentence with a hint, and is not changed.
func TestSharedRefuses(t *testing.T) {
	t.Parallel()
	folder := folderOf(t, 0o755)
	at := func(name string) string { return filepath.Join(folder, name) }
	must(t, os.Mkdir(at("folder"), 0o700))
	must(t, os.WriteFile(at("file"), []byte("kept"), 0o600))
	must(t, os.Symlink("file", at("link")))
	must(t, os.Symlink("nothing", at("dangling")))
	must(t, os.Symlink("loop", at("loop")))
	must(t, os.Symlink("folder", at("way")))
	must(t, syscall.Mkfifo(at("pipe"), 0o600))
	for name, mode := range map[string]fs.FileMode{"everyone": 0o777, "group": 0o770, "setgid": 0o2770} {
		must(t, os.Mkdir(at(name), 0o700))
		must(t, os.Chmod(at(name), mode))
	}
	must(t, os.Chown(at("group"), -1, 12345)) // no private group
	must(t, os.Mkdir(at("everyone/below"), 0o700))
	for path, says := range map[string]string{
		at("folder"):                 "is not a regular file",
		at("link"):                   "is a symbolic link",
		at("dangling"):               "is a symbolic link",
		at("loop"):                   "is a symbolic link",
		at("loop/token"):             "too many",
		at("pipe"):                   "is not a regular file",
		at("file/token"):             "is not a folder",
		at("missing/token"):          "missing\" does not exist",
		at("everyone/token"):         "can be written by everybody",
		at("everyone/below/t"):       "can be written by everybody",
		at("group/token"):            "can be written by its group",
		"token":                      "is not an absolute path",
		"/proc/self/fd/1":            "/proc",
		"/proc/self/token":           "/proc",
		"/sys/token":                 "/sys",
		"/dev/null":                  "in /dev",
		"/dev/stdout":                "in /dev",
		"/dev/fd/1":                  "/proc",
		"/":                          "is not a regular file",
		at(strings.Repeat("x", 300)): "file name too long",
	} {
		if strings.HasPrefix(path, "/proc") && !keystoretest.Proc.Here() || strings.HasPrefix(path, "/dev/") &&
			!keystoretest.Linux.Here() {
			continue
		}
		s := toShare(path)
		_, checked := s.Check()
		written := s.Write([]byte("token"))
		for _, err := range []error{checked, written} {
			if err == nil || fault.ClassOf(err) != fault.Usage || fault.HintOf(err, "") == "" ||
				!strings.Contains(err.Error(), says) {
				t.Errorf("%s: %v (%s), want %q", path, err, fault.HintOf(err, ""), says)
			}
		}
	}
	if got, err := os.ReadFile(at("file")); string(got) != "kept" {
		t.Errorf("%q, %v", got, err)
	}
	must(t, toShare(at("way/token")).Write([]byte("x"))) // a link of this user's to a folder is followed
	if !slices.Equal(listOf(t, at("folder")), []string{"token"}) || len(listOf(t, at("group"))) > 0 {
		t.Error("it was not written, or something was left")
	}
	open := toShare(at("everyone/token"))
	open.Open = true // the user trusts those who can write the folder
	must(t, open.Write([]byte("x")))
	open.Path = at("everyone/below/token")
	if err := open.Write([]byte("x")); err == nil {
		t.Error("a folder above may not be open")
	}
}

// Another user's file, link or folder is refused, in /tmp too, and a group that this user can't give.
func TestSharedAmongUsers(t *testing.T) {
	t.Parallel()
	keystoretest.Require(t, keystoretest.Users)
	const other = 12345
	folder := folderOf(t, 0o777|fs.ModeSticky)
	at := func(name string) string { return filepath.Join(folder, name) }
	must(t, os.WriteFile(at("file"), []byte("kept"), 0o666))
	must(t, os.Chown(at("file"), other, other))
	must(t, os.Symlink("mine", at("link")))
	must(t, os.Lchown(at("link"), other, other))
	must(t, os.Mkdir(at("folder"), 0o777))
	must(t, os.Chown(at("folder"), other, other))
	must(t, os.Symlink(folder, at("way")))
	must(t, os.Lchown(at("way"), other, other))
	for name, says := range map[string]string{
		"file": "belongs to uid 12345", "link": "is a symbolic link", "folder/token": "belongs to uid 12345",
		"way/token": "belongs to uid 12345",
	} {
		for _, open := range []bool{false, true} {
			s := toShare(at(name))
			s.Open = open
			if err := s.Write([]byte("token")); err == nil || !strings.Contains(err.Error(), says) {
				t.Errorf("%s: %v", name, err)
			}
			if _, ok := s.Written(); ok {
				t.Errorf("%s was written", name)
			}
		}
	}
	if got, err := os.ReadFile(at("file")); string(got) != "kept" {
		t.Errorf("%q, %v", got, err)
	}
}

// Temporary files of killed processes are removed, and no others.
func TestSharedSweeps(t *testing.T) {
	t.Parallel()
	folder := folderOf(t, 0o755)
	path := filepath.Join(folder, "token")
	must(t, os.WriteFile(path, nil, 0o600))
	left := ".token." + strings.Repeat("A", 26) + ".tmp"
	kept := []string{".other." + strings.Repeat("A", 26) + ".tmp", ".token.short.tmp", ".token.tmp", "token"}
	for _, name := range append(kept, left) {
		must(t, os.WriteFile(filepath.Join(folder, name), nil, 0o600))
	}
	toShare(path).Sweep(false)
	if got := listOf(t, folder); len(got) != 5 {
		t.Errorf("%q", got)
	}
	toShare(path).Sweep(true)
	if got := listOf(t, folder); !slices.Equal(got, kept) {
		t.Errorf("%q", got)
	}
}
