//go:build unix

package disk_test

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"strings"
	"syscall"
	"testing"

	"cgp-cred/keystore/disk"
	"cgp-cred/keystore/fault"
)

// Every function that touches files says what kind of failure it met, and names the folder to look at.
func TestErrorsHaveAClass(t *testing.T) {
	t.Parallel()
	home := t.TempDir()
	must(t, os.WriteFile(home+"/file", []byte("content"), 0o600))
	for name, do := range map[string]func(path string) error{
		"ReadFile":      func(p string) error { _, err := disk.ReadFile(p, 9); return err },
		"ReadPrivate":   func(p string) error { _, err := disk.ReadPrivate(p, 9); return err },
		"ReadInput":     func(p string) error { _, err := disk.ReadInput(p, 9, nil); return err },
		"ReadHead":      func(p string) error { _, err := disk.ReadHead(p, 9, nil); return err },
		"ReadTrusted":   func(p string) error { _, err := disk.ReadTrusted(p, 9, nil); return err },
		"CheckTrusted":  func(p string) error { return disk.CheckTrusted(p, 9) },
		"CheckFolder":   disk.CheckFolder,
		"MakeFolder":    disk.MakeFolder,
		"WriteFile":     func(p string) error { return disk.WriteFile(p, nil) },
		"WriteVolatile": func(p string) error { return disk.WriteVolatile(p, nil) },
		"CreateOnce":    func(p string) error { _, err := disk.CreateOnce(p, []byte("x")); return err },
		"TryLock":       func(p string) error { _, _, err := disk.TryLock(p); return err },
		"Lock":          func(p string) error { _, _, err := disk.Lock(t.Context(), p); return err },
		"Append":        func(p string) error { return disk.Append(p, nil) },
		"RemoveTemps":   func(p string) error { _, err := disk.RemoveTemps(p); return err },
	} {
		for place, path := range map[string]string{"below a file": home + "/file/x", "in /proc": "/proc/1/none/x"} {
			if name == "RemoveTemps" && place == "in /proc" {
				continue // without a folder there is nothing to remove
			}
			err := do(path)
			if hint := fault.HintOf(err, ""); fault.ClassOf(err) != fault.Usage || !strings.Contains(hint, "ls -ld ") {
				t.Errorf("%s %s: %v (class %v, hint %q)", name, place, err, fault.ClassOf(err), hint)
			}
		}
	}
}

func TestUnwritable(t *testing.T) {
	t.Parallel()
	home := t.TempDir()
	at := func(op string, err error) error {
		return &fs.PathError{Op: op, Path: home + "/none/deep/file", Err: err}
	}
	for _, tt := range []struct {
		err  error
		want string
	}{
		{at("open", syscall.ENOSPC), `/none/deep/file" can't be written: no space left`},
		{at("mkdir", syscall.EROFS), `/none/deep/file" can't be created: read-only`},
		{at("unlinkat", syscall.EACCES), `/none/deep/file" can't be removed: permission denied`},
		{
			&os.LinkError{Op: "rename", Old: "/x.tmp", New: home + "/file", Err: syscall.EDQUOT},
			`/file" can't be written: disk quota`,
		},
		{
			errors.Join(at("open", syscall.EIO), at("remove", syscall.EIO)),
			`/none/deep/file" can't be written: input/output`,
		},
		{errors.New("another reason"), "another reason"},
	} {
		err := disk.Unwritable(tt.err)
		if !strings.Contains(err.Error(), tt.want) || fault.ClassOf(err) != fault.Usage ||
			!strings.Contains(fault.HintOf(err, ""), "df") {
			t.Errorf("%v, hint %q, want %q", err, fault.HintOf(err, ""), tt.want)
		}
		if !strings.Contains(tt.want, "another") && !strings.Contains(fault.HintOf(err, ""), "ls -ld "+home+")") {
			t.Errorf("%v: the hint names no folder that exists: %q", err, fault.HintOf(err, ""))
		}
	}
	for _, same := range []error{nil, fault.New(fault.Temporary, "wait", "busy")} {
		if disk.Unwritable(same) != same || disk.Unreadable(same) != same { //nolint:errorlint // the very same
			t.Errorf("%v was changed", same)
		}
	}
	if err := disk.Unreadable(context.Canceled); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}

// A name that may be a secret is not in the hint either.
func TestUnreadableHidesValues(t *testing.T) {
	t.Parallel()
	key := strings.Repeat("k3y", 12)
	_, err := disk.ReadInput(key, 9, nil)
	if hint := fault.HintOf(err, ""); hint == "" || strings.Contains(hint, key) {
		t.Errorf("hint %q", hint)
	}
	many := disk.Unreadable(&fs.PathError{Op: "open", Path: "/x", Err: syscall.EMFILE})
	if hint := fault.HintOf(many, ""); !strings.Contains(hint, "ulimit") {
		t.Errorf("hint %q", hint)
	}
}
