package disk

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/sys/windows"

	"cgp-cred/keystore/account"
	"cgp-cred/keystore/fault"
)

// The lists of rights that folders in C:\ProgramData have.
func TestSystemDescriptor(t *testing.T) {
	const readers = "D:P(A;OICI;FA;;;SY)(A;OICI;FA;;;BA)(A;OICI;0x1200a9;;;BU)"
	for name, c := range map[string]struct {
		text, problem string // "": it is accepted
	}{
		"as the hint makes it":      {"O:BA" + readers, ""},
		"the system's":              {"O:SY" + readers, ""},
		"made by an administrator":  {"O:BA" + readers + "(A;OICIIO;GA;;;CO)(A;CI;DCLCRPCR;;;BU)", "can be written by "},
		"a user's":                  {"O:S-1-5-21-1-2-3-1001" + readers, "does not belong to an administrator"},
		"all users'":                {"O:BU" + readers, "does not belong to an administrator"},
		"a user may write":          {"O:BA" + readers + "(A;;FA;;;S-1-5-21-1-2-3-1001)", "can be written by "},
		"a user may give rights":    {"O:BA" + readers + "(A;;WD;;;AU)", "can be written by "},
		"no list":                   {"O:BA", "can be written by "},
		"no owner":                  {readers, "does not belong to an administrator"},
		"handed on, but not itself": {"O:BA" + readers + "(A;OICIIO;FA;;;BU)", ""},
	} {
		sd, err := windows.SecurityDescriptorFromString(c.text)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		err = checkSystemDescriptor(sd, `C:\ProgramData\cgp-cred`)
		if c.problem == "" && err != nil || c.problem != "" && (err == nil || !strings.Contains(err.Error(), c.problem)) {
			t.Errorf("%s: %v, want %q", name, err, c.problem)
		}
		if err != nil && !strings.Contains(fault.HintOf(err, ""), `icacls C:\ProgramData\cgp-cred /setowner`) {
			t.Errorf("%s: %q", name, fault.HintOf(err, ""))
		}
	}
}

// A user's file is not the system's, and what an administrator has written is read, up to the limit.
func TestReadSystem(t *testing.T) {
	folder := filepath.Join(t.TempDir(), own)
	file := filepath.Join(folder, "profiles", "int.yaml")
	if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, []byte("content"), 0o600); err != nil {
		t.Fatal(err)
	}
	var unsafe *UnsafeError
	if got, err := ReadSystem(file, 100); got != nil || !errors.As(err, &unsafe) || fault.ClassOf(err) != fault.Usage {
		t.Errorf("a user's: %q, %v", got, err)
	}
	user, err := account.Own()
	if err != nil {
		t.Fatal(err)
	}
	administrator = func(sid *windows.SID) bool { return trusted(sid, user) }
	t.Cleanup(func() { administrator = administers })
	if got := administered(folder); got != folder {
		t.Errorf("the folder: %q", got)
	}
	if got, err := ReadSystem(file, 100); err != nil || string(got) != "content" {
		t.Errorf("an administrator's: %q, %v", got, err)
	}
	for path, want := range map[string]error{
		filepath.Join(folder, "profiles", "none.yaml"): fs.ErrNotExist,
		filepath.Join(folder, "none", "int.yaml"):      fs.ErrNotExist,
		file + `\below`: fs.ErrNotExist,
	} {
		if got, err := ReadSystem(path, 100); got != nil || !errors.Is(err, want) {
			t.Errorf("%s: %q, %v", path, got, err)
		}
	}
	for _, path := range []string{folder, file} {
		if got, err := ReadSystem(path, 6); got != nil || err == nil || errors.Is(err, fs.ErrNotExist) {
			t.Errorf("%s: %q, %v", path, got, err)
		}
	}
	if got := administered(filepath.Join(folder, "none")); got != "" {
		t.Errorf("a missing folder: %q", got)
	}
	administrator = func(*windows.SID) bool { return false }
	if got := administered(folder); got != "" {
		t.Errorf("a folder of no administrator: %q", got)
	}
}
