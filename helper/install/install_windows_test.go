package install

import (
	"crypto/rand"
	"errors"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"golang.org/x/sys/windows/registry"

	"cgp-cred/keystore/keystoretest"
)

// TestMain makes this test binary a program that waits, for tests of a program that runs.
func TestMain(m *testing.M) {
	if os.Getenv("INSTALL_TEST_WAITS") != "" {
		_, _ = io.Copy(io.Discard, os.Stdin)
		return
	}
	os.Exit(keystoretest.Main(m))
}

// newUser is a user whose programs and settings are a test's own.
func newUser(t *testing.T) user {
	t.Helper()
	key := `Software\cgp-cred-test-` + rand.Text()
	t.Cleanup(func() {
		for _, name := range []string{
			`\` + apps, `\Software\Microsoft\Windows\CurrentVersion\Uninstall`,
			`\Software\Microsoft\Windows\CurrentVersion`, `\Software\Microsoft\Windows`, `\Software\Microsoft`,
			`\Software`, `\` + environment, "",
		} {
			_ = registry.DeleteKey(registry.CURRENT_USER, key+name)
		}
	})
	folder := t.TempDir()
	temp := filepath.Join(folder, "temp")
	if err := os.Mkdir(temp, 0o700); err != nil {
		t.Fatal(err)
	}
	return user{programs: filepath.Join(folder, "Zoë programs", "cgp-cred"), temp: temp, registry: key}
}

func (u user) value(t *testing.T, key, name string) (string, uint32) {
	t.Helper()
	k, err := registry.OpenKey(registry.CURRENT_USER, u.key(key), registry.QUERY_VALUE)
	if errors.Is(err, fs.ErrNotExist) {
		return "", registry.NONE
	}
	if err != nil {
		t.Fatal(err)
	}
	defer k.Close() //nolint:errcheck // what was set is there
	text, kind, err := k.GetStringValue(name)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		t.Fatal(err)
	}
	return text, kind
}

func (u user) files(t *testing.T) []string {
	t.Helper()
	entries, err := os.ReadDir(u.programs)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		t.Fatal(err)
	}
	var names []string
	for _, e := range entries {
		names = append(names, e.Name())
	}
	return names
}

func setPath(t *testing.T, u user, set func(registry.Key) error) {
	t.Helper()
	k, _, err := registry.CreateKey(registry.CURRENT_USER, u.key(environment), registry.SET_VALUE)
	if err != nil {
		t.Fatal(err)
	}
	defer k.Close() //nolint:errcheck // what was set is there
	if err := set(k); err != nil {
		t.Fatal(err)
	}
}

func TestInstall(t *testing.T) {
	u := newUser(t)
	t.Setenv("PATH", t.TempDir())
	setPath(t, u, func(k registry.Key) error { return k.SetExpandStringValue("Path", `%SystemRoot%\x;C:\go\bin`) })
	source := filepath.Join(t.TempDir(), "cgp-cred.exe")
	write(t, source, "version 1")
	write(t, filepath.Join(filepath.Dir(source), "cgp-cred-fleet.exe"), "fleet 1")

	done, err := u.install(source, "1.0.0")
	if err != nil || !done.Path || done.Before != "" || len(done.Left) != 0 || done.Folder != u.programs {
		t.Fatalf("%+v, %v", done, err)
	}
	all := []string{"cgp-cred-fleet.exe", "cgp-cred.exe", "get_nhs_oauth_token.exe", "git-credential-cgp.exe"}
	if got := u.files(t); !slices.Equal(got, all) {
		t.Errorf("files %q", got)
	}
	if got, kind := u.value(t, environment, "Path"); got != `%SystemRoot%\x;C:\go\bin;`+u.programs ||
		kind != registry.EXPAND_SZ {
		t.Errorf("PATH %q, type %d", got, kind)
	}
	if got, _ := u.value(t, apps, "UninstallString"); got != `"`+u.programs+`\cgp-cred.exe" setup --uninstall` {
		t.Errorf("UninstallString %q", got)
	}

	// An upgrade: PATH stays, each name is the new program.
	write(t, source, "version 2")
	if done, err = u.install(source, "2.0.0"); err != nil || done.Path {
		t.Fatalf("%+v, %v", done, err)
	}
	for _, name := range []string{"cgp-cred.exe", "git-credential-cgp.exe", "get_nhs_oauth_token.exe"} {
		if text, err := os.ReadFile(filepath.Join(u.programs, name)); string(text) != "version 2" {
			t.Errorf("%s: %q, %v", name, text, err)
		}
	}
	if got, _ := u.value(t, apps, "DisplayVersion"); got != "2.0.0" {
		t.Errorf("DisplayVersion %q", got)
	}

	// A user's own file keeps the folder; everything else is as it was.
	write(t, filepath.Join(u.programs, "notes.txt"), "mine")
	if done, err = u.remove(); err != nil || !done.Path || !done.Found {
		t.Fatalf("%+v, %v", done, err)
	}
	if got := u.files(t); !slices.Equal(got, []string{"notes.txt"}) {
		t.Errorf("files %q", got)
	}
	if got, kind := u.value(t, environment, "Path"); got != `%SystemRoot%\x;C:\go\bin` || kind != registry.EXPAND_SZ {
		t.Errorf("PATH %q, type %d", got, kind)
	}
	if got, _ := u.value(t, apps, "UninstallString"); got != "" {
		t.Errorf("UninstallString %q", got)
	}
	if done, err = u.remove(); err != nil || done.Path || done.Found {
		t.Errorf("nothing to remove: %+v, %v", done, err)
	}
}

// A value of the other type keeps it, and a missing value becomes one that is expanded.
func TestPathType(t *testing.T) {
	for _, c := range []struct {
		set  func(registry.Key) error
		kind uint32
	}{
		{func(k registry.Key) error { return k.SetStringValue("Path", `C:\a`) }, registry.SZ},
		{func(k registry.Key) error { return k.SetExpandStringValue("Path", `C:\a`) }, registry.EXPAND_SZ},
		{func(registry.Key) error { return nil }, registry.EXPAND_SZ},
	} {
		u := newUser(t)
		setPath(t, u, c.set)
		if changed, err := u.changePath(addTo); err != nil || !changed {
			t.Fatalf("%t, %v", changed, err)
		}
		got, kind := u.value(t, environment, "Path")
		if !strings.HasSuffix(got, u.programs) || kind != c.kind {
			t.Errorf("PATH %q, type %d, want %d", got, kind, c.kind)
		}
		before := strings.TrimSuffix(strings.TrimSuffix(got, u.programs), separator)
		_, err := u.changePath(removeFrom)
		if got, kind := u.value(t, environment, "Path"); err != nil || got != before || (kind == registry.NONE) != (got == "") {
			t.Errorf("removed: PATH %q, type %d, %v; want %q", got, kind, err, before)
		}
	}
	u := newUser(t)
	setPath(t, u, func(k registry.Key) error { return k.SetDWordValue("Path", 7) })
	if changed, err := u.changePath(addTo); err == nil || changed {
		t.Errorf("a number: %t, %v", changed, err)
	}
}

// A program that runs is replaced, and goes aside.
func TestInstallOverARunningProgram(t *testing.T) {
	u := newUser(t)
	t.Setenv("PATH", t.TempDir())
	own, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := u.install(own, "1.0.0"); err != nil {
		t.Fatal(err)
	}
	running := exec.CommandContext(t.Context(), filepath.Join(u.programs, "cgp-cred.exe"))
	running.Env = append(os.Environ(), "INSTALL_TEST_WAITS=1")
	in, err := running.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := running.Start(); err != nil {
		t.Fatal(err)
	}
	source := filepath.Join(t.TempDir(), "cgp-cred.exe")
	write(t, source, "version 2")
	done, err := u.install(source, "2.0.0")
	if err != nil {
		t.Fatal(err)
	}
	if text, err := os.ReadFile(filepath.Join(u.programs, "cgp-cred.exe")); string(text) != "version 2" {
		t.Errorf("%d bytes, %v", len(text), err)
	}
	for _, left := range done.Left { // Windows keeps a running program's file; not each other system does
		if filepath.Dir(left) != u.temp {
			t.Errorf("%s is not in the folder for temporary files", left)
		}
	}
	if err := in.Close(); err != nil {
		t.Fatal(err)
	}
	if err := running.Wait(); err != nil {
		t.Errorf("the running program: %v", err)
	}
}

func TestInstallFails(t *testing.T) {
	u := newUser(t)
	t.Setenv("PATH", t.TempDir())
	write(t, filepath.Dir(filepath.Dir(u.programs))+`\file`, "x")
	blocked := u
	blocked.programs = filepath.Join(filepath.Dir(filepath.Dir(u.programs)), "file", "cgp-cred")
	source := filepath.Join(t.TempDir(), "cgp-cred.exe")
	write(t, source, "version 1")
	if _, err := blocked.install(source, "1.0.0"); err == nil {
		t.Error("a file in place of the folder: no error")
	}
	if got, _ := u.value(t, environment, "Path"); got != "" {
		t.Errorf("PATH %q", got)
	}
	if _, err := u.install(source+".none", "1.0.0"); err == nil || len(u.files(t)) != 0 {
		t.Errorf("no source: %v, files %q", err, u.files(t))
	}
}

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o700); err != nil {
		t.Fatal(err)
	}
}
