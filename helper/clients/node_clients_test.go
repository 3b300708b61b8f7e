//go:build clients

package clients_test

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"cgp-cred/keystore/keystoretest"
)

// nodeTools is where make clients installs the packages of npm.
const nodeTools = "../../.tools/npm"

// The tests of the package for Node run on each release that has support, by themselves and with the libraries that it
// has hooks for.
func TestClientsNode(t *testing.T) {
	t.Parallel()
	work := nodeWork(t)
	for _, name := range []string{"node", "node22", "node24", "node26"} {
		node := name
		if name != "node" {
			node = tool(t, "node_modules", ".bin", name)
		}
		t.Run(name, func(t *testing.T) {
			for _, script := range []string{"test/all.js", "test/real.js"} {
				runNode(t, work, node, script, map[string]int{"test/all.js": 70, "test/real.js": 60}[script])
			}
		})
	}
}

// Programs in TypeScript use the package in strict mode, and npm would publish what it should.
func TestClientsNodePackage(t *testing.T) {
	t.Parallel()
	work := nodeWork(t)
	modules := filepath.Join(work, "node_modules")
	if err := os.Symlink(work, filepath.Join(modules, "cgp-cred")); err != nil {
		t.Fatal(err)
	}
	program := func(name string, args ...string) []byte {
		t.Helper()
		cmd := exec.CommandContext(t.Context(), name, args...)
		cmd.Dir = work
		out, err := cmd.Output()
		if err != nil {
			t.Errorf("%s: %v\n%s", name, err, out)
		}
		return out
	}
	for _, module := range []string{"nodenext", "preserve"} {
		program("node", filepath.Join(modules, "typescript/bin/tsc"), "--noEmit", "--strict", "--exactOptionalPropertyTypes",
			"--skipLibCheck", "--target", "es2022", "--lib", "es2022", "--types", "node", "--module", module,
			"test/types/use.ts", "test/types/common.cts")
	}
	program("node", filepath.Join(modules, "publint/src/cli.js"), "--strict")
	var packed []struct{ Files []struct{ Path string } }
	if err := json.Unmarshal(program("npm", "pack", "--dry-run", "--json"), &packed); err != nil || len(packed) != 1 {
		t.Fatal(err, packed)
	}
	for _, f := range packed[0].Files {
		if strings.Contains(f.Path, "/") || filepath.Ext(f.Path) == ".go" {
			t.Errorf("%s would be published", f.Path)
		}
	}
	if len(packed[0].Files) < 10 {
		t.Errorf("only these files would be published: %v", packed[0].Files)
	}
}

// nodeWork returns a copy of the package and of its rules, next to the packages of make clients.
func nodeWork(t *testing.T) string {
	t.Helper()
	work := t.TempDir()
	for _, name := range []string{"node", "testdata"} {
		if err := os.CopyFS(filepath.Join(work, name), os.DirFS(name)); err != nil {
			t.Fatal(err)
		}
	}
	modules := filepath.Join(work, "node", "node_modules")
	if err := os.Mkdir(modules, 0o700); err != nil {
		t.Fatal(err)
	}
	packages, err := os.ReadDir(tool(t, "node_modules"))
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range packages {
		if err := os.Symlink(tool(t, "node_modules", p.Name()), filepath.Join(modules, p.Name())); err != nil {
			t.Fatal(err)
		}
	}
	return filepath.Join(work, "node")
}

// tool returns the path of what make clients installs.
func tool(t *testing.T, name ...string) string {
	t.Helper()
	path, err := filepath.Abs(filepath.Join(append([]string{nodeTools}, name...)...))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(path); err != nil {
		keystoretest.Missing(t, path, "make clients")
	}
	return path
}
