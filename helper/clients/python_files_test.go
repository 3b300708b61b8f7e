package clients_test

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/csv"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"cgp-cred/helper/clients"
	"cgp-cred/keystore/fault"
	"cgp-cred/keystore/keystoretest"
)

// install writes a package of a version and returns the folder's files.
func install(t *testing.T, folder, version string) []string {
	t.Helper()
	if err := (clients.Package{
		Program: "/opt/cgp cred/bin/\"cgp-cred\"é",
		Version: version,
	}).InstallPython(folder); err != nil {
		t.Fatal(err)
	}
	return list(t, folder)
}

// list is every file and folder below a folder.
func list(t *testing.T, folder string) []string {
	t.Helper()
	var out []string
	err := filepath.WalkDir(folder, func(path string, _ fs.DirEntry, err error) error {
		name, rerr := filepath.Rel(folder, path)
		out = append(out, filepath.ToSlash(name))
		return errors.Join(err, rerr)
	})
	if err != nil {
		t.Fatal(err)
	}
	return out[1:]
}

func write(t *testing.T, text string, path ...string) {
	t.Helper()
	name := filepath.Join(path...)
	if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(name, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

func read(t *testing.T, path ...string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(path...))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func uninstall(t *testing.T, folder string, want bool) {
	t.Helper()
	if was, err := clients.UninstallPython(folder); err != nil || was != want {
		t.Fatalf("uninstalled %v, error %v, want %v", was, err, want)
	}
}

func TestInstallAndUninstall(t *testing.T) {
	t.Parallel()
	folder := filepath.Join(t.TempDir(), "a", "site-packages")
	uninstall(t, folder, false)
	first := install(t, folder, "v1.2.3")
	if again := install(t, folder, "v1.2.3"); !slices.Equal(first, again) {
		t.Errorf("twice: %q", again)
	}
	for _, want := range []string{
		"cgp_cred/_helper.py", "cgp_cred/py.typed", "httpie_cgp.py",
		"cgp_cred-1.2.3.dist-info/METADATA",
	} {
		if !slices.Contains(first, want) {
			t.Errorf("no %s in %q", want, first)
		}
	}
	const installed = `PROGRAM = "/opt/cgp cred/bin/\"cgp-cred\"é"` + "\nVERSION = \"1.2.3\"\n"
	if got := read(t, folder, "cgp_cred", "_installed.py"); !strings.Contains(got, installed) {
		t.Errorf("_installed.py is %q", got)
	}
	write(t, "", folder, "cgp_cred", "__pycache__", "_helper.cpython-311.pyc")
	write(t, "", folder, "__pycache__", "httpie_cgp.cpython-311.opt-1.pyc")
	uninstall(t, folder, true)
	if left := list(t, folder); len(left) > 0 {
		t.Errorf("left: %q", left)
	}
	uninstall(t, folder, false)
}

func TestRecordListsEachFile(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	files := slices.DeleteFunc(install(t, folder, "dev"), func(name string) bool {
		return !strings.Contains(filepath.Base(name), ".") && filepath.Dir(name) == "." ||
			strings.HasSuffix(name, ".dist-info")
	})
	rows, err := csv.NewReader(strings.NewReader(read(t, folder, "cgp_cred-0.0.0.dist-info", "RECORD"))).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	var recorded []string
	for _, row := range rows {
		recorded = append(recorded, row[0])
		sum := sha256.Sum256([]byte(read(t, folder, row[0])))
		if want := "sha256=" + base64.RawURLEncoding.EncodeToString(sum[:]); row[1] != want &&
			filepath.Base(row[0]) != "RECORD" {
			t.Errorf("%s has %s, RECORD says %s", row[0], want, row[1])
		}
	}
	slices.Sort(recorded)
	slices.Sort(files)
	if !slices.Equal(recorded, files) {
		t.Errorf("RECORD lists %q, want %q", recorded, files)
	}
}

func TestAnotherVersionTakesThePlace(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	install(t, folder, "v1.0.0")
	write(t, "old", folder, "cgp_cred", "gone.py")
	record := filepath.Join(folder, "cgp_cred-1.0.0.dist-info", "RECORD")
	write(t, read(t, record)+"cgp_cred/gone.py,,\n", record)
	files := install(t, folder, "v1.1.0-2-gabc123-dirty")
	if slices.Contains(files, "cgp_cred/gone.py") || slices.Contains(files, "cgp_cred-1.0.0.dist-info") ||
		!slices.Contains(files, "cgp_cred-1.1.0.post2+gabc123.dist-info/RECORD") {
		t.Errorf("after another version: %q", files)
	}
	uninstall(t, folder, true)
	if left := list(t, folder); len(left) > 0 {
		t.Errorf("left: %q", left)
	}
}

func TestWhatIsNotOursStays(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	theirs := []string{
		"cgp_cred/mine.py", "cgp_cred/__pycache__/mine.cpython-311.pyc", "requests/__init__.py",
		"__pycache__/six.cpython-311.pyc", "cgp_credits-1.0.dist-info/RECORD",
	}
	for _, name := range theirs {
		write(t, "theirs", folder, name)
	}
	install(t, folder, "dev")
	uninstall(t, folder, true)
	left := list(t, folder)
	for _, name := range theirs {
		if !slices.Contains(left, name) {
			t.Errorf("%s is gone", name)
		}
	}
	if len(left) != len(theirs)+5 {
		t.Errorf("left: %q", left)
	}
}

func TestForeignFilesAreRefused(t *testing.T) {
	t.Parallel()
	tests := map[string]string{
		"cgp_cred/requests.py":                   "a user's",
		"httpie_cgp.py":                          "a user's",
		"cgp_cred-9.9.9.dist-info/INSTALLER":     "pip\n",
		"cgp_cred-9.9.9.dist-info/RECORD":        "cgp_cred/_helper.py,,\n",
		"cgp_cred-0.0.0.dist-info/METADATA":      "no installer",
		"cgp_cred-1.0.0.dist-info/INSTALLER/dir": "a folder",
	}
	for name, text := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			folder := t.TempDir()
			write(t, text, folder, name)
			before := list(t, folder)
			err := clients.Package{Program: "/x", Version: "dev"}.InstallPython(folder)
			if fault.ClassOf(err) != fault.Usage || fault.HintOf(err, "") == "" {
				t.Errorf("error %v, want a usage error with a hint", err)
			}
			if after := list(t, folder); !slices.Equal(before, after) || read(t, folder, name) != text {
				t.Errorf("after: %q", after)
			}
		})
	}
}

// An installation that is interrupted after any file can be repeated or removed like any other.
func TestBrokenOff(t *testing.T) {
	t.Parallel()
	whole := t.TempDir()
	files := install(t, whole, "dev")
	for keep := range 4 {
		folder := t.TempDir()
		for _, name := range []string{"INSTALLER", "RECORD", "METADATA", "WHEEL"}[:keep] {
			write(t, read(t, whole, "cgp_cred-0.0.0.dist-info", name), folder, "cgp_cred-0.0.0.dist-info", name)
		}
		if again := install(t, folder, "dev"); !slices.Equal(files, again) {
			t.Errorf("after %d files: %q", keep, again)
		}
		uninstall(t, folder, true)
	}
}

// A file that can't be written leaves the folder as it was: without the package, or with the older one.
func TestFailedPythonInstallationChangesNothing(t *testing.T) {
	t.Parallel()
	for _, older := range []string{"", "v1.0.0", "v1.1.0"} {
		folder := t.TempDir()
		if older != "" {
			install(t, folder, older)
		}
		mkdir(t, filepath.Join(folder, "httpie_cgp.py.tmp", "in the way"))
		before := list(t, folder)
		if err := (clients.Package{Program: "/x", Version: "v1.1.0"}).InstallPython(folder); err == nil {
			t.Fatalf("over %q: no error", older)
		}
		if after := list(t, folder); !slices.Equal(before, after) {
			t.Errorf("over %q: after %q", older, after)
		}
	}
}

// What an installation left that was killed before anything was in its place is removed.
func TestStagedFilesAreRemoved(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	write(t, "", folder, "cgp_cred", "_helper.py.tmp")
	write(t, "", folder, "cgp_cred-1.0.0.dist-info", "INSTALLER.tmp")
	write(t, "mine", folder, "mine.py.tmp")
	uninstall(t, folder, false)
	if left := list(t, folder); !slices.Equal(left, []string{"mine.py.tmp"}) {
		t.Errorf("left: %q", left)
	}
}

func TestRecordThatLeadsOutRemovesNothing(t *testing.T) {
	t.Parallel()
	for _, entry := range []string{
		"../precious", "/etc/hosts", "cgp_cred/../../precious", "",
		"./cgp_cred/_helper.py",
	} {
		parent := t.TempDir()
		folder := filepath.Join(parent, "site-packages")
		install(t, folder, "dev")
		write(t, "", parent, "precious")
		record := filepath.Join(folder, "cgp_cred-0.0.0.dist-info", "RECORD")
		write(t, read(t, record)+`"`+entry+`",,`+"\n", record)
		before := list(t, parent)
		_, err := clients.UninstallPython(folder)
		if fault.ClassOf(err) != fault.Usage || fault.HintOf(err, "") == "" {
			t.Errorf("%q: error %v, want a usage error with a hint", entry, err)
		}
		if after := list(t, parent); !slices.Equal(before, after) {
			t.Errorf("%q: after %q", entry, after)
		}
	}
}

// A folder that is a link to elsewhere is not followed out of the folder for packages.
func TestLinkIsNotFollowed(t *testing.T) {
	t.Parallel()
	folder, elsewhere := t.TempDir(), t.TempDir()
	keystoretest.Symlink(t, elsewhere, filepath.Join(folder, "cgp_cred"))
	if err := (clients.Package{Program: "/x", Version: "dev"}).InstallPython(folder); err == nil {
		t.Error("no error")
	}
	if found := list(t, elsewhere); len(found) > 0 {
		t.Errorf("elsewhere: %q", found)
	}
}

func TestMetadataIsThatOfTheProject(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	install(t, folder, "dev")
	metadata := read(t, folder, "cgp_cred-0.0.0.dist-info", "METADATA")
	project := read(t, "python", "pyproject.toml")
	for pattern, field := range map[string]string{
		`(?m)^name = "(.*)"$`:            "Name: %",
		`(?m)^description = "(.*)"$`:     "Summary: %",
		`(?m)^requires-python = "(.*)"$`: "Requires-Python: %",
		`(?m)^requests = \["(.*)"\]$`:    `Requires-Dist: %; extra == "requests"`,
		`(?m)^httpx = \["(.*)"\]$`:       `Requires-Dist: %; extra == "httpx"`,
		`(?m)^aiohttp = \["(.*)"\]$`:     `Requires-Dist: %; extra == "aiohttp"`,
		`(?m)^fsspec = \["(.*)"\]$`:      `Requires-Dist: %; extra == "fsspec"`,
		`(?m)^license = .*"(.*)"`:        "License: %",
	} {
		m := regexp.MustCompile(pattern).FindStringSubmatch(project)
		if m == nil {
			t.Fatalf("pyproject.toml has no %s", pattern)
		}
		if want := strings.Replace(field, "%", m[1], 1); !strings.Contains(metadata, want+"\n") {
			t.Errorf("METADATA has no %q", want)
		}
	}
	entry := regexp.MustCompile(`(?s)\[project\.entry-points\."(.*?)"\]\n(\w+) = "(.*?)"`).FindStringSubmatch(project)
	if got := read(t, folder, "cgp_cred-0.0.0.dist-info", "entry_points.txt"); entry == nil ||
		got != "["+entry[1]+"]\n"+entry[2]+" = "+entry[3]+"\n" {
		t.Errorf("entry_points.txt is %q, want %q", got, entry)
	}
}
