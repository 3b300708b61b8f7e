package disk_test

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"cgp-cred/keystore/disk"
	"cgp-cred/keystore/fault"
	"cgp-cred/keystore/keystoretest"
)

// setfacl changes an access control list as a user would.
func setfacl(t *testing.T, args ...string) {
	t.Helper()
	keystoretest.Need(t, "setfacl", "acl")
	out, err := exec.CommandContext(t.Context(), "setfacl", args...).CombinedOutput()
	switch {
	case err == nil:
	case strings.Contains(string(out), "not supported"):
		keystoretest.Cannot(t, "a temporary folder whose file system has access control lists")
	default:
		t.Fatalf("setfacl %q: %v: %s", args, err, out)
	}
}

func TestAccessControlLists(t *testing.T) {
	t.Parallel()
	me, my := strconv.Itoa(os.Geteuid()), strconv.Itoa(os.Getegid())
	for _, tt := range []struct {
		name    string
		entries string
		at      string // the file of a tree; empty: int.yaml
		problem string // empty: it is read
	}{
		{name: "a user who reads", entries: "u:65533:r"},
		{name: "a group that reads", entries: "g:65533:r-x"},
		{
			name: "a user who writes", entries: "u:65533:rw",
			problem: "can be written by uid 65533 (access control list)",
		},
		{name: "a user who only writes", entries: "u:65533:w", problem: "can be written by uid 65533"},
		{name: "a group that writes", entries: "g:65533:rw", problem: "can be written by gid 65533"},
		{
			name: "the second of three", entries: "u:65531:r,u:65532:rw,g:65533:r",
			problem: "can be written by uid 65532",
		},
		{name: "a user that the mask stops", entries: "u:65533:rw,m::r"},
		{name: "the user", entries: "u:" + me + ":rw"},
		{name: "a folder", entries: "u:65533:rwx", at: "profiles", problem: "can be written by uid 65533"},
		{name: "cgp-cred's folder", entries: "g:65533:rwx", at: "own", problem: "can be written by gid 65533"},
		{name: "a folder above", entries: "u:65533:rwx", at: "home", problem: "can be written by uid 65533"},
		{name: "what new files of a folder get", entries: "d:u:65533:rwx", at: "profiles"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			tr := newTree(t)
			path := map[string]string{"": tr.file, "profiles": tr.profiles, "own": tr.own, "home": tr.home}[tt.at]
			setfacl(t, "-m", tt.entries, path)
			_, trusted := disk.ReadTrusted(tr.file, 100, never)
			got, err := disk.ReadFile(tr.file, 100)
			if tt.problem == "" {
				if err != nil || trusted != nil || string(got) != "content" {
					t.Errorf("got %q, %v, %v", got, err, trusted)
				}
				return
			}
			if me == "0" || privateGroupOf(t, me, my) { // else the group is refused before its members are looked at
				var unsafe *disk.UnsafeError
				if !errors.As(err, &unsafe) || !strings.Contains(unsafe.Problem, tt.problem) || unsafe.Path != path ||
					(fault.HintOf(err, "") == "setfacl -b "+path) == (tt.at == "home") { // no command for what is not cgp-cred's
					t.Errorf("got %v, %q; want %s", err, unsafe.FaultHints(), tt.problem)
				}
			}
			managed := me == "0" && tt.at != "" // root's folder: what lies in it is checked for its owner
			if err == nil || (trusted == nil) != managed {
				t.Errorf("got %v and %v", err, trusted)
			}
			setfacl(t, "-b", path)
			if _, err := disk.ReadFile(tr.file, 100); err != nil {
				t.Errorf("after the hint: %v", err)
			}
		})
	}
}

// privateGroupOf reports whether files of this user's own group, which may write them, are read.
func privateGroupOf(t *testing.T, uid, gid string) bool {
	t.Helper()
	tr := newTree(t)
	must(t, os.Chmod(tr.file, 0o660))
	_, err := disk.ReadFile(tr.file, 100)
	return uid == gid && err == nil
}

// A key that others may read by a list is not private.
func TestReadPrivateAccessControlList(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "seal.key")
	must(t, os.WriteFile(path, []byte("content"), 0o600))
	setfacl(t, "-m", "u:65533:r", path)
	var unsafe *disk.UnsafeError
	if _, err := disk.ReadPrivate(path, 100); !errors.As(err, &unsafe) {
		t.Errorf("got %v", err)
	}
}
