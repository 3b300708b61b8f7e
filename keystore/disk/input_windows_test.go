package disk_test

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"

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
