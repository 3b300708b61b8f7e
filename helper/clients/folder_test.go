package clients_test

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"cgp-cred/helper/clients"
	"cgp-cred/keystore/fault"
	"cgp-cred/keystore/keystoretest"
)

// folderPackage is a language whose package is one folder.
type folderPackage struct {
	folder    string // its name
	files     []string
	install   func(parent string, p clients.Package) error
	uninstall func(parent string) (bool, error)
}

// folderPackages are those of Node, and of R with a program that plays R CMD INSTALL.
func folderPackages(t *testing.T) map[string]folderPackage {
	t.Helper()
	all := map[string]folderPackage{
		"node": {
			"cgp-cred",
			[]string{"package.json", "index.js", "index.d.ts", "installed.js"},
			func(parent string, p clients.Package) error { return p.InstallNode(parent) },
			clients.UninstallNode,
		},
	}
	if runtime.GOOS != "windows" {
		r := playedR(t, `cp -R "$4" "${3#--library=}"`)
		all["r"] = folderPackage{
			"cgpcred",
			[]string{"DESCRIPTION", "NAMESPACE", "R/installed.R"},
			func(parent string, p clients.Package) error { return p.InstallR(context.Background(), r, parent) },
			clients.UninstallR,
		}
	}
	return all
}

// playedR is an R whose R CMD INSTALL --no-multiarch --library=DIR cgpcred runs a command of the shell.
func playedR(t *testing.T, command string) clients.R {
	t.Helper()
	text := "#!/bin/sh\nset -e\n[ \"$1 $2 $5\" = 'CMD INSTALL cgpcred' ]\nshift\n" + command + "\n"
	return clients.R{Version: "4.2.2", Program: script(t, text, t.TempDir(), "R"), Library: "/none"}
}

func TestFolderPackages(t *testing.T) {
	t.Parallel()
	for language, c := range folderPackages(t) {
		t.Run(language, func(t *testing.T) {
			t.Parallel()
			parent := filepath.Join(t.TempDir(), "a", "packages")
			if was, err := c.uninstall(parent); was || err != nil {
				t.Errorf("from no folder: %v, error %v", was, err)
			}
			for _, version := range []string{"v1.2.3", "v1.2.3", "v1.3.0-4-gabc123-dirty"} {
				if err := c.install(parent, clients.Package{Program: "/opt/cgp cred/\"é\\", Version: version}); err != nil {
					t.Fatal(err)
				}
				write(t, "of an older version", parent, c.folder, "old.txt")
			}
			if err := c.install(parent, clients.Package{Program: "/opt/cgp cred/\"é\\<&>", Version: "dev"}); err != nil {
				t.Fatal(err)
			}
			for _, name := range append(c.files, "INSTALLER") {
				if read(t, parent, c.folder, name) == "" {
					t.Errorf("%s is empty", name)
				}
			}
			if files := list(t, parent); slices.ContainsFunc(files, func(name string) bool {
				return strings.HasPrefix(name, ".") || strings.Contains(name, "old.txt") || strings.Contains(name, "test")
			}) {
				t.Errorf("files: %q", files)
			}
			if was, err := c.uninstall(parent); !was || err != nil {
				t.Errorf("removed %v, error %v", was, err)
			}
			if left := list(t, parent); len(left) > 0 {
				t.Errorf("left: %q", left)
			}
		})
	}
}

// The path of cgp-cred and the version are in the package as the language writes them.
func TestFilledIn(t *testing.T) {
	t.Parallel()
	const program = `/opt/cgp cred/"é\<&>`
	want := map[string]map[string][]string{
		"node": {
			"v1.2.3": {"package.json", `"version": "1.2.3"`, "installed.js", `PROGRAM = "/opt/cgp cred/\"é\\<&>"`},
			"v1.2.3-4-gabc": {
				"package.json", `"version": "1.2.3+4.gabc"`, "installed.js", `VERSION = '1.2.3+4.gabc'`,
			},
			"2b88d5e": {"package.json", `"version": "0.0.0"`, "installed.js", `VERSION = '0.0.0'`},
		},
		"r": {
			"v1.2.3": {"DESCRIPTION", "\nVersion: 1.2.3\n", "R/installed.R", `PROGRAM <- "/opt/cgp cred/\"é\\<&>"`},
			"v1.2.3-4-gabc": {
				"DESCRIPTION", "\nVersion: 1.2.3.4\n", "R/installed.R", `VERSION <- "1.2.3.4"`,
			},
		},
	}
	for language, c := range folderPackages(t) {
		for version, texts := range want[language] {
			parent := t.TempDir()
			if err := c.install(parent, clients.Package{Program: program, Version: version}); err != nil {
				t.Fatal(err)
			}
			for i := 0; i < len(texts); i += 2 {
				if got := read(t, parent, c.folder, texts[i]); !strings.Contains(got, texts[i+1]) {
					t.Errorf("%s %s: %s has no %s:\n%s", language, version, texts[i], texts[i+1], got)
				}
			}
		}
		err := c.install(t.TempDir(), clients.Package{Program: "/opt/\xff", Version: "dev"})
		if fault.ClassOf(err) != fault.Usage || fault.HintOf(err, "") == "" {
			t.Errorf("a path that is not UTF-8: error %v", err)
		}
	}
}

// What another installer or the user put there stays, and the error names it.
func TestForeignFoldersAreRefused(t *testing.T) {
	t.Parallel()
	elsewhere := t.TempDir()
	places := map[string]func(t *testing.T, place string){
		"a file":             func(t *testing.T, place string) { t.Helper(); write(t, "mine", place) },
		"a user's folder":    func(t *testing.T, place string) { t.Helper(); write(t, "mine", place, "index.js") },
		"an empty folder":    func(t *testing.T, place string) { t.Helper(); mkdir(t, place) },
		"another installer":  func(t *testing.T, place string) { t.Helper(); write(t, "npm\n", place, "INSTALLER") },
		"INSTALLER a folder": func(t *testing.T, place string) { t.Helper(); mkdir(t, filepath.Join(place, "INSTALLER")) },
		"a link, as npm makes": func(t *testing.T, place string) {
			t.Helper()
			keystoretest.Symlink(t, elsewhere, place)
		},
	}
	for language, c := range folderPackages(t) {
		for name, put := range places {
			t.Run(language+", "+name, func(t *testing.T) {
				t.Parallel()
				parent := t.TempDir()
				put(t, filepath.Join(parent, c.folder))
				before := list(t, parent)
				_, uninstalled := c.uninstall(parent)
				for _, err := range []error{c.install(parent, clients.Package{Program: "/x", Version: "dev"}), uninstalled} {
					if err == nil || !keystoretest.Names(err.Error(), parent) || fault.HintOf(err, "") == "" {
						t.Errorf("error %v, want one with a hint that names the folder", err)
					}
				}
				if after := list(t, parent); !slices.Equal(before, after) || len(list(t, elsewhere)) > 0 {
					t.Errorf("after: %q", after)
				}
			})
		}
	}
}

// If R can't install the package, the library holds the older one, and a new library is not there.
func TestFailedInstallationChangesNothing(t *testing.T) {
	t.Parallel()
	parent := t.TempDir()
	p := clients.Package{Program: "/x", Version: "v1.0.0"}
	if err := p.InstallR(t.Context(), playedR(t, `cp -R "$4" "${3#--library=}"`), parent); err != nil {
		t.Fatal(err)
	}
	before := list(t, parent)
	for name, command := range map[string]string{
		"fails":          "echo 'ERROR: dependency \x1b[31m is not there'; exit 1",
		"fails half way": `mkdir "${3#--library=}/cgpcred"; exit 1`,
		"does nothing":   "exit 0",
	} {
		r := playedR(t, command)
		fresh := filepath.Join(t.TempDir(), "new", "library")
		for _, library := range []string{parent, fresh} {
			err := p.InstallR(t.Context(), r, library)
			if err == nil || fault.HintOf(err, "") == "" || strings.Contains(err.Error(), "\x1b") {
				t.Errorf("%s: error %v, want one with a hint", name, err)
			}
		}
		if after := list(t, parent); !slices.Equal(before, after) {
			t.Errorf("%s: after %q", name, after)
		}
		if _, err := os.Lstat(filepath.Dir(fresh)); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("%s: a new library is left: %v", name, err)
		}
	}
}

// What a killed installation left is removed by the next one, but not what another one is working in.
func TestAbandonedFolders(t *testing.T) {
	t.Parallel()
	parent := t.TempDir()
	for _, name := range []string{".cgp-cred-1", ".cgp-cred-2", ".other-1"} {
		write(t, "", parent, name, "cgp-cred", "index.js")
	}
	old := time.Now().Add(-2 * time.Hour)
	for _, name := range []string{".cgp-cred-1", ".other-1"} {
		if err := os.Chtimes(filepath.Join(parent, name), old, old); err != nil {
			t.Fatal(err)
		}
	}
	if err := (clients.Package{Program: "/x", Version: "dev"}).InstallNode(parent); err != nil {
		t.Fatal(err)
	}
	entries, err := os.ReadDir(parent)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, e := range entries {
		names = append(names, e.Name())
	}
	if want := []string{".cgp-cred-2", ".other-1", "cgp-cred"}; !slices.Equal(names, want) {
		t.Errorf("%q, want %q", names, want)
	}
}

func TestNodeModules(t *testing.T) {
	t.Parallel()
	top := t.TempDir()
	write(t, "{}", top, "project", "package.json")
	write(t, "{}", top, "project", "packages", "a", "package.json")
	write(t, "", top, "yarn", ".pnp.cjs")
	write(t, "{}", top, "yarn", "package.json")
	for _, folder := range []string{"project/src/deep", "project/packages/a/src", "yarn/src", "none"} {
		mkdir(t, filepath.Join(top, folder))
	}
	for folder, want := range map[string]string{
		"project":                "project/node_modules",
		"project/src/deep":       "project/node_modules",
		"project/packages/a/src": "project/packages/a/node_modules",
		"yarn/src":               "",
		"none":                   "",
	} {
		got, err := clients.NodeModules(filepath.Join(top, folder))
		if want == "" {
			if fault.ClassOf(err) != fault.Usage || !strings.Contains(fault.HintOf(err, ""), "--target") {
				t.Errorf("%s: %q, error %v, want a usage error with a hint", folder, got, err)
			}
		} else if err != nil || got != filepath.Join(top, filepath.FromSlash(want)) {
			t.Errorf("%s: %q, error %v, want %s", folder, got, err, want)
		}
	}
}

func TestCheckNode(t *testing.T) {
	for version, want := range map[string]string{
		"v20.0.0": "", "v26.12.1": "", "v100.0.0": "", "v18.19.0": "version 18", "v8.0.0": "version 8", "nodes 1.0": "Node 20",
		"": "Node 20",
	} {
		folder := t.TempDir()
		script(t, "#!/bin/sh\necho "+version+"\n", folder, "node")
		t.Setenv("PATH", folder)
		if got := clients.CheckNode(t.Context()); (want == "") != (got == "") || !strings.Contains(got, want) {
			t.Errorf("%q: %q, want %q", version, got, want)
		}
	}
	t.Setenv("PATH", t.TempDir())
	if got := clients.CheckNode(t.Context()); !strings.Contains(got, "not on PATH") {
		t.Errorf("without a node: %q", got)
	}
}

func TestProgramsThatAreNoR(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	for name, text := range map[string]string{
		"fails":     "exit 3",
		"silent":    "cat >/dev/null",
		"too old":   "printf 'cgp-cred\\n3.6.3\\n/usr/bin/R\\n/lib\\n'",
		"relative":  "printf 'cgp-cred\\n4.2.2\\nR\\n/lib\\n'",
		"chats":     "printf 'hello\\ncgp-cred\\n4.2.2\\n/usr/bin/R\\n/lib\\n'",
		"no number": "printf 'cgp-cred\\nfour\\n/usr/bin/R\\n/lib\\n'",
	} {
		_, err := clients.FindR(t.Context(), script(t, "#!/bin/sh\n"+text+"\n", folder, name))
		if fault.ClassOf(err) != fault.Usage || !strings.Contains(fault.HintOf(err, ""), "--rscript") {
			t.Errorf("%s: error %v, want a usage error with a hint", name, err)
		}
	}
	for _, name := range []string{"no-such-rscript", filepath.Join(folder, "missing")} {
		if _, err := clients.FindR(t.Context(), name); fault.ClassOf(err) != fault.Usage {
			t.Errorf("%s: error %v", name, err)
		}
	}
	r, err := clients.FindR(t.Context(), script(t,
		"#!/bin/sh\nprintf 'cgp-cred\\n4.10.1\\n/usr/bin/R\\n/my lib\\n'\n", folder, "good"))
	if want := (clients.R{Version: "4.10.1", Program: "/usr/bin/R", Library: "/my lib"}); err != nil || r != want {
		t.Errorf("%+v, error %v, want %+v", r, err, want)
	}
}

func mkdir(t *testing.T, path string) {
	t.Helper()
	if err := os.MkdirAll(path, 0o755); err != nil {
		t.Fatal(err)
	}
}
