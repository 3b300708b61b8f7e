package disk_test

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/windows"

	"cgp-cred/keystore/account"
	"cgp-cred/keystore/disk"
	"cgp-cred/keystore/fault"
)

// grant gives everyone rights to a file or folder, besides this user's.
func grant(t *testing.T, path string, rights windows.ACCESS_MASK) {
	t.Helper()
	user, err := account.Own()
	must(t, err)
	sd, err := windows.SecurityDescriptorFromString(fmt.Sprintf("D:P(A;;FA;;;%s)(A;;0x%x;;;WD)", user, rights))
	must(t, err)
	list, _, err := sd.DACL()
	must(t, err)
	const parts = windows.DACL_SECURITY_INFORMATION | windows.PROTECTED_DACL_SECURITY_INFORMATION
	must(t, windows.SetNamedSecurityInfo(path, windows.SE_FILE_OBJECT, parts, nil, nil, list, nil))
}

// rightsOf returns a file's or folder's list of rights as text.
func rightsOf(t *testing.T, path string) string {
	t.Helper()
	sd, err := windows.GetNamedSecurityInfo(path, windows.SE_FILE_OBJECT, windows.DACL_SECURITY_INFORMATION)
	must(t, err)
	return sd.String()
}

// Everyone is S-1-1-0, in the text of a list WD.
const everyone = ";;;WD)"

func TestOthersAreRefused(t *testing.T) {
	const read, write = windows.FILE_GENERIC_READ, windows.FILE_GENERIC_READ | windows.FILE_GENERIC_WRITE
	folder := filepath.Join(t.TempDir(), "cgp-cred")
	file := filepath.Join(folder, "profiles", "int.yaml")
	for _, c := range []struct {
		name, path      string
		rights          windows.ACCESS_MASK
		public, private bool // it can still be read, as a public file or as a private one
	}{
		{"nothing", "", 0, true, true},
		{"to read the file", file, read, true, false},
		{"to write the file", file, write, false, false},
		{"to write its folder", filepath.Dir(file), write, false, false},
		{"to write the folder above", folder, write, false, false},
		{"to read its folder", filepath.Dir(file), read, true, true},
	} {
		must(t, os.RemoveAll(folder))
		must(t, disk.WriteFile(file, []byte("text")))
		if c.path != "" {
			grant(t, c.path, c.rights)
		}
		_, err := disk.ReadFile(file, 100)
		refused(t, c.name, err, c.path, c.public)
		_, err = disk.ReadPrivate(file, 100)
		refused(t, c.name+", private", err, c.path, c.private)
	}
}

// refused checks that a file was read, or that the error names the path, everyone, and the command that fixes it.
func refused(t *testing.T, name string, err error, path string, ok bool) {
	t.Helper()
	var unsafe *disk.UnsafeError
	switch {
	case ok && err == nil:
	case ok || !errors.As(err, &unsafe) || unsafe.Path != path:
		t.Errorf("%s: %v", name, err)
	case !strings.Contains(unsafe.Problem, "Everyone") || !strings.HasPrefix(fault.HintOf(err, ""), "icacls "):
		t.Errorf("%s: %v, hint %s", name, err, fault.HintOf(err, ""))
	}
}

// What cgp-cred makes, only this user, administrators and the system can open, whatever the folder above gives away.
func TestNewFilesArePrivate(t *testing.T) {
	open := t.TempDir()
	grant(t, open, windows.GENERIC_ALL)
	file := filepath.Join(open, "a", "cgp-cred", "key")
	must(t, disk.WriteFile(file, []byte("secret")))
	out := filepath.Join(open, "bundle")
	must(t, disk.WriteOutput(out, []byte("secret"), 0o600))
	folder := filepath.Join(open, "tokens")
	must(t, disk.MakePrivate(folder))
	for _, path := range []string{file, filepath.Dir(file), filepath.Dir(filepath.Dir(file)), out, folder} {
		if rights := rightsOf(t, path); strings.Contains(rights, everyone) {
			t.Errorf("%s: %s", path, rights)
		}
	}
	if got, err := disk.ReadPrivate(file, 100); string(got) != "secret" || err != nil {
		t.Errorf("%q, %v", got, err)
	}
	// A folder that others can open is closed when something is written there; MakePrivate does not take one.
	grant(t, filepath.Dir(file), windows.FILE_GENERIC_READ)
	must(t, disk.MakeFolder(filepath.Dir(file)))
	if rights := rightsOf(t, filepath.Dir(file)); strings.Contains(rights, everyone) {
		t.Errorf("%s", rights)
	}
	var unsafe *disk.UnsafeError
	grant(t, folder, windows.FILE_GENERIC_READ)
	if err := disk.MakePrivate(folder); !errors.As(err, &unsafe) {
		t.Errorf("a folder that others can read: %v", err)
	}
}

// Another program has the file open for a moment, and lets no other one read, write or remove it.
func TestHeldFile(t *testing.T) {
	file := filepath.Join(t.TempDir(), "cgp-cred", "int.yaml")
	for name, use := range map[string]func() error{
		"write":    func() error { return disk.WriteFile(file, []byte("new")) },
		"volatile": func() error { return disk.WriteVolatile(file, []byte("new")) },
		"output":   func() error { return disk.WriteOutput(file, []byte("new"), 0o600) },
		"shared":   func() error { return disk.Shared{Path: file, Mode: 0o600, Group: -1}.Write([]byte("new")) },
		"read": func() error {
			_, err := disk.ReadFile(file, 100)
			return errors.Join(err, disk.WriteFile(file, []byte("new")))
		},
	} {
		must(t, disk.WriteFile(file, []byte("old")))
		path, err := windows.UTF16PtrFromString(file)
		must(t, err)
		h, err := windows.CreateFile(path, windows.GENERIC_READ, 0, nil, windows.OPEN_EXISTING, 0, 0)
		must(t, err)
		released := make(chan error, 1)
		time.AfterFunc(300*time.Millisecond, func() { released <- windows.CloseHandle(h) })
		if err := use(); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		must(t, <-released)
		if got, err := os.ReadFile(file); string(got) != "new" || err != nil {
			t.Errorf("%s: %q, %v", name, got, err)
		}
		if got := files(t, filepath.Dir(file)); got != "int.yaml" {
			t.Errorf("%s: files %s", name, got)
		}
	}
}

// A reader that never stops reading does not keep a new content from its place, and never misses the file.
func TestBusyReaders(t *testing.T) {
	file := filepath.Join(t.TempDir(), "cgp-cred", "token")
	must(t, disk.WriteVolatile(file, []byte("0")))
	stop, done := make(chan struct{}), make(chan []string)
	for range 3 {
		go func() {
			var seen []string
			defer func() { done <- seen }()
			for {
				select {
				case <-stop:
					return
				default:
				}
				got, err := disk.ReadFile(file, 100)
				if err != nil {
					seen = append(seen, err.Error())
					return
				}
				if len(seen) == 0 || seen[len(seen)-1] != string(got) {
					seen = append(seen, string(got))
				}
			}
		}()
	}
	const writes = 40
	for i := range writes {
		if err := disk.WriteVolatile(file, []byte(strconv.Itoa(i+1))); err != nil {
			t.Errorf("%d: %v", i, err)
		}
	}
	close(stop)
	for range 3 {
		for _, text := range <-done {
			if n, err := strconv.Atoi(text); err != nil || n > writes {
				t.Errorf("a reader saw %s", text)
			}
		}
	}
}

func init() {
	children["rewrite"] = func(args []string) error { // FILE; until it is killed
		for i := 0; ; i++ {
			if err := disk.WriteFile(args[0], bytes.Repeat([]byte(strconv.Itoa(i%10)), 1000)); err != nil {
				return err
			}
			if i == 0 {
				fmt.Println("written")
			}
		}
	}
}

// Killed at any moment, a writer leaves a whole file.
func TestKilledWriter(t *testing.T) {
	file := filepath.Join(t.TempDir(), "cgp-cred", "file")
	for i := range 10 {
		child := command(t, -1, "rewrite", file)
		out, err := child.StdoutPipe()
		must(t, err)
		must(t, child.Start())
		_, err = out.Read(make([]byte, 1))
		must(t, err)
		time.Sleep(time.Duration(i) * 7 * time.Millisecond)
		must(t, child.Process.Kill())
		_ = child.Wait() // killed
		got, err := disk.ReadFile(file, 2000)
		if err != nil || len(got) != 1000 || len(slices.Compact(got)) != 1 {
			t.Errorf("%d bytes, %v", len(got), err)
		}
	}
	_, err := disk.RemoveTemps(file)
	must(t, err)
	if got := files(t, filepath.Dir(file)); got != "file" {
		t.Errorf("files %s", got)
	}
}

func TestReaders(t *testing.T) {
	file := filepath.Join(t.TempDir(), "key.pem")
	must(t, disk.WriteOutput(file, nil, 0o600))
	if got := disk.Readers(file, nil); got != "" {
		t.Errorf("of its own: %s", got)
	}
	grant(t, file, windows.FILE_GENERIC_READ)
	if got := disk.Readers(file, nil); !strings.Contains(got, "can be read by") {
		t.Errorf("of everyone: %q", got)
	}
}

// A shared folder that everyone may write is refused. A folder in a file's place is an error at once.
func TestSharedFolder(t *testing.T) {
	folder := t.TempDir()
	file := filepath.Join(folder, "name.token")
	shared, err := disk.OpenSharedFolder(folder)
	must(t, err)
	must(t, shared.Replace("name.token", []byte("value")))
	must(t, os.Mkdir(filepath.Join(folder, "sub"), 0o700))
	start := time.Now()
	if _, _, err := shared.Read("sub", 100); err == nil {
		t.Error("a folder was read")
	}
	if err := shared.Replace("sub", []byte("value")); err == nil {
		t.Error("a folder was replaced")
	}
	if took := time.Since(start); took > time.Second {
		t.Errorf("a folder in the way took %v", took)
	}
	if got, _, err := shared.Read("name.token", 100); string(got) != "value" || err != nil {
		t.Errorf("%q, %v", got, err)
	}
	grant(t, folder, windows.FILE_GENERIC_READ)
	_, err = disk.OpenSharedFolder(folder)
	must(t, err)
	grant(t, folder, windows.FILE_GENERIC_READ|windows.FILE_GENERIC_WRITE)
	var unsafe *disk.UnsafeError
	if _, err := disk.OpenSharedFolder(folder); !errors.As(err, &unsafe) || unsafe.Path != folder ||
		!strings.Contains(fault.HintOf(err, ""), "icacls "+folder) {
		t.Errorf("%v, hint %s", err, fault.HintOf(err, ""))
	}
	if _, err := disk.OpenSharedFolder(file); !errors.As(err, &unsafe) {
		t.Errorf("a file: %v", err)
	}
}
