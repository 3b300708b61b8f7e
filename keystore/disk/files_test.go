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

	"cgp-cred/keystore/disk"
	"cgp-cred/keystore/fault"
	"cgp-cred/keystore/keystoretest"
	"cgp-cred/keystore/printable"
)

// tree is HOME/.config/cgp-cred/profiles/int.yaml as the program makes it; each test spoils one thing.
type tree struct{ home, config, own, profiles, file string }

func newTree(t *testing.T) tree {
	t.Helper()
	home := filepath.Join(t.TempDir(), "home")
	tr := tree{home: home, config: home + "/.config"}
	tr.own = tr.config + "/cgp-cred"
	tr.profiles = tr.own + "/profiles"
	tr.file = tr.profiles + "/int.yaml"
	must(t, os.MkdirAll(tr.profiles, 0o700))
	must(t, os.WriteFile(tr.file, []byte("content"), 0o600))
	return tr
}

// eachWriter runs a test with the ways of writing a file.
func eachWriter(t *testing.T, test func(*testing.T, func(string, []byte) error)) {
	t.Helper()
	t.Parallel()
	for name, write := range map[string]func(string, []byte) error{
		"lasting":  disk.WriteFile,
		"volatile": disk.WriteVolatile,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test(t, write)
		})
	}
}

// intact: the old file is as it was, and no temporary one is there.
func intact(t *testing.T, tr tree) {
	t.Helper()
	if got, err := os.ReadFile(tr.file); err != nil || string(got) != "content" {
		t.Errorf("the old file is %q, %v", got, err)
	}
	if got := files(t, tr.profiles); got != "int.yaml" {
		t.Errorf("left behind: %s", got)
	}
}

// A later write removes what a killed process has left. It keeps young files, and those that this package did not make.
func TestWriteFileSweeps(t *testing.T) {
	t.Parallel()
	tr := newTree(t)
	const random = "AAAABBBBCCCCDDDDEEEEFFFF22"
	old := time.Now().Add(-time.Hour)
	for name, at := range map[string]time.Time{
		".prod.yaml." + random + ".tmp": old, ".int.yaml." + random + ".tmp": time.Now(), ".vimrc.tmp": old,
		random + ".tmp": old,
	} {
		file := filepath.Join(tr.profiles, name)
		must(t, os.WriteFile(file, nil, 0o600))
		must(t, os.Chtimes(file, at, at))
	}
	must(t, disk.WriteFile(tr.file, []byte("new")))
	want := ".int.yaml." + random + ".tmp .vimrc.tmp " + random + ".tmp int.yaml"
	if got := files(t, tr.profiles); got != want {
		t.Errorf("there are %s, want %s", got, want)
	}
}

func TestWriteFileAfter(t *testing.T) {
	t.Parallel()
	tr := newTree(t)
	refused := errors.New("refused")
	untouched := func() {
		if got, _ := os.ReadFile(tr.file); string(got) != "content" ||
			!strings.Contains(files(t, tr.profiles), ".tmp") {
			t.Errorf("before the change: %q, the folder holds %s", got, files(t, tr.profiles))
		}
	}
	err := disk.WriteFileAfter(tr.file, []byte("new"), func() error { untouched(); return refused })
	if err != refused { //nolint:errorlint // the very error
		t.Errorf("%v, want the change's error", err)
	}
	intact(t, tr)
	must(t, disk.WriteFileAfter(tr.file, []byte("new"), func() error { untouched(); return nil }))
	if got, _ := os.ReadFile(tr.file); string(got) != "new" || files(t, tr.profiles) != "int.yaml" {
		t.Errorf("written: %q, the folder holds %s", got, files(t, tr.profiles))
	}
	err = disk.WriteFileAfter(tr.file+"/x", nil, func() error {
		t.Error("changed, though the file can't be written")
		return nil
	})
	if err == nil {
		t.Error("a file below a file is written")
	}
}

// A folder in a file's place stays, and so does the file in it.
func TestFolderInItsPlace(t *testing.T) { eachWriter(t, folderInItsPlace) }

func folderInItsPlace(t *testing.T, write func(string, []byte) error) {
	tr := newTree(t)
	if err := write(tr.profiles, []byte("new")); err == nil {
		t.Error("wrote over a folder")
	}
	if got := files(t, tr.own); got != "profiles" {
		t.Errorf("left behind: %s", got)
	}
	intact(t, tr)
}

func TestCreateOnce(t *testing.T) {
	t.Parallel()
	path := t.TempDir() + "/cgp-cred/seal.key"
	for _, data := range []string{"first", "second"} {
		if got, err := disk.CreateOnce(path, []byte(data)); err != nil || string(got) != "first" {
			t.Errorf("got %q, %v; want the first content", got, err)
		}
	}
	if info, err := os.Stat(path); err != nil || info.Mode() != 0o600 && keystoretest.Unix.Here() {
		t.Errorf("%v, %v", info, err)
	}
}

// Every function that touches files says what kind of failure it met, and names the folder to look at.
func TestErrorsHaveAClass(t *testing.T) {
	t.Parallel()
	home := t.TempDir()
	look := printable.Look("") // the command without a path
	look = look[:strings.LastIndexByte(look, ' ')+1]
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
			switch {
			case name == "RemoveTemps" && (place == "in /proc" || !keystoretest.Unix.Here()):
				continue // without a folder there is nothing to remove; Windows has none below a file
			case name == "CheckTrusted" && !keystoretest.Unix.Here(), place == "in /proc" && !keystoretest.Unix.Here():
				continue
			}
			err := do(path)
			if hint := fault.HintOf(err, ""); fault.ClassOf(err) != fault.Usage || !strings.Contains(hint, look) {
				t.Errorf("%s %s: %v (class %v, hint %q)", name, place, err, fault.ClassOf(err), hint)
			}
		}
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
