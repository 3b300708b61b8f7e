package disk_test

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/windows"

	"cgp-cred/keystore/disk"
	"cgp-cred/keystore/fault"
)

// A folder and a missing file are refused at once: no other program can be what keeps them from being read.
func TestReadInputRefusesAtOnce(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	must(t, os.WriteFile(filepath.Join(folder, "file"), []byte("content"), 0o600))
	for name, read := range map[string]func(string, int64, disk.Wait) ([]byte, error){
		"ReadInput": disk.ReadInput, "ReadTrusted": disk.ReadTrusted, "ReadHead": disk.ReadHead,
	} {
		if got, err := read(filepath.Join(folder, "file"), 100, nil); err != nil || string(got) != "content" {
			t.Errorf("%s of a file: %q, %v", name, got, err)
		}
		for path, want := range map[string]error{
			folder:                                    syscall.EISDIR,
			filepath.Join(folder, "none"):             fs.ErrNotExist,
			filepath.Join(folder, "none", "file"):     fs.ErrNotExist,
			filepath.Join(folder, "file", "below it"): fs.ErrNotExist,
		} {
			start := time.Now()
			got, err := read(path, 100, nil)
			if took := time.Since(start); took > time.Second {
				t.Errorf("%s of %s took %v", name, path, took)
			}
			if got != nil || !errors.Is(err, want) || fault.ClassOf(err) != fault.Usage || fault.HintOf(err, "") == "" {
				t.Errorf("%s of %s: %q, %v, want %v", name, path, got, err, want)
			}
		}
	}
}

// A file that another user owns, or can write, is not trusted: its folders don't count, and a link is followed.
func TestReadTrustedRights(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name   string
		rights windows.ACCESS_MASK // of everyone
		fine   bool
	}{
		{"nothing", 0, true},
		{"reads", windows.FILE_GENERIC_READ, true},
		{"writes", windows.FILE_GENERIC_READ | windows.FILE_GENERIC_WRITE, false},
		{"appends", windows.FILE_APPEND_DATA, false},
	} {
		file := filepath.Join(t.TempDir(), "roots.pem")
		must(t, os.WriteFile(file, []byte("content"), 0o600))
		if c.rights != 0 {
			grant(t, file, c.rights)
		}
		got, err := disk.ReadTrusted(file, 100, nil)
		var unsafe *disk.UnsafeError
		switch {
		case c.fine && (err != nil || string(got) != "content"):
			t.Errorf("%s: %q, %v", c.name, got, err)
		case !c.fine && (!errors.As(err, &unsafe) || got != nil):
			t.Errorf("%s: %q, %v", c.name, got, err)
		case !c.fine && (fault.ClassOf(err) != fault.Usage || !strings.Contains(fault.HintOf(err, ""), "icacls")):
			t.Errorf("%s: %v, hint %q", c.name, err, fault.HintOf(err, ""))
		}
		if got, err := disk.ReadInput(file, 100, nil); err != nil || string(got) != "content" {
			t.Errorf("%s: as input %q, %v", c.name, got, err)
		}
	}
}
