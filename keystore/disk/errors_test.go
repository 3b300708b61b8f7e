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
