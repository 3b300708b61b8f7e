//go:build unix

package installtest

import (
	"archive/zip"
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"cgp-cred/keystore/keystoretest"
)

const address = "github.com/example/cgp-cred"

// One command gives the module its public address, and then other modules and go install find it through a proxy.
func TestHome(t *testing.T) {
	t.Parallel()
	keystoretest.Need(t, "git", "git")
	m := newMachine(t)
	m.goCaches()
	src := copyOfRepository(t, m)
	m.in(src, "sh", ".dev/home.sh", address)
	for _, c := range []struct{ what, line string }{
		{"an import of the old path", `git grep -nE '"cgp-cred/(cmd|helper|keystore)' -- '*.go' .golangci.yml`},
		{"a mark in a document", `git grep -nE '<!-- (no )?home' -- '*.md'`},
		{"the old path in a document", "git grep -nE '(^|[^A-Za-z0-9_./-])cgp-cred/(helper|cmd/cgp-cred@)' -- '*.md'"},
	} {
		if r := m.at(src, "sh", "-c", c.line); r.code != 1 {
			t.Errorf("%s is left:\n%s", c.what, r.stdout)
		}
	}
	for file, want := range map[string]string{
		"go.mod":            "module " + address + "\n",
		"README.md":         "git clone https://" + address,
		"docs/install.md":   "go install " + address + "/cmd/cgp-cred@latest",
		"docs/languages.md": "go get " + address + "/helper/oauth",
		"docs/ci.md":        "uses: example/cgp-cred/.github/actions/cgp-cred@COMMIT",
		".golangci.yml":     "pkg: " + address + "/helper$",
	} {
		text, err := os.ReadFile(filepath.Join(src, file))
		if m.must(err); !strings.Contains(string(text), want) {
			t.Errorf("%s has no %q", file, want)
		}
	}
	user := filepath.Join(m.root, "user")
	m.write(filepath.Join(user, "go.mod"), "module example.org/user\n\ngo 1.26.0\n")
	m.write(filepath.Join(user, "main.go"), `package main

import (
	"fmt"
	"os"

	"`+address+`/helper/oauth"
)

func main() {
	_, err := oauth.Open("int")
	fmt.Println(err)
	if err == nil {
		os.Exit(1)
	}
}
`)
	m.env["GOMODCACHE"] = filepath.Join(m.root, "mod")
	m.env["GOFLAGS"], m.env["CGO_ENABLED"] = "-mod=mod -modcacherw -trimpath", "0" // as everything else is built
	m.env["GOPROXY"], m.env["GOSUMDB"] = proxyOf(t, m, src)+","+downloads(t), "off"
	m.in(user, "go", "get", address+"/helper/oauth@v0.0.1")
	if out := m.in(user, "go", "run", "."); !strings.Contains(out, `"int"`) {
		t.Errorf("the other module's program prints %q", out)
	}
	m.in(user, "go", "install", "-n", address+"/cmd/cgp-cred@v0.0.1")
}

// The address of something else, and a checkout with changes, change nothing.
func TestHomeRefused(t *testing.T) {
	t.Parallel()
	keystoretest.Need(t, "git", "git")
	m := newMachine(t)
	src := copyOfRepository(t, m)
	for _, bad := range []string{
		"", "cgp-cred", "github.com/example", "https://github.com/example/cgp-cred", "github.com/example/cgp-cred/x",
		"github.com/example/../x", "github.com/exa mple/x", "-x/y/z.a", "github.com/example/cgp-cred/",
	} {
		r := m.at(src, "sh", ".dev/home.sh", bad)
		if r.code != 2 || !strings.HasPrefix(r.stderr, "home: ") || !strings.Contains(r.stderr, "\nhint: make home ") {
			t.Errorf("%q: exit %d, %s", bad, r.code, r.stderr)
		}
	}
	m.write(filepath.Join(src, "new"), "x")
	if r := m.at(src, "sh", ".dev/home.sh", address); r.code != 2 || !strings.Contains(r.stderr, "not committed") {
		t.Errorf("with a change: exit %d, %s", r.code, r.stderr)
	}
	if changed := m.in(src, "git", "diff", "--stat"); changed != "" {
		t.Errorf("changed: %s", changed)
	}
}

// at runs argv in a folder.
func (m *machine) at(folder string, argv ...string) result {
	m.t.Helper()
	defer func(there string) { m.there = there }(m.there)
	m.there = folder
	return m.start(argv, "")
}

// in is at for a command that must succeed, and returns its stdout.
func (m *machine) in(folder string, argv ...string) string {
	m.t.Helper()
	r := m.at(folder, argv...)
	if r.code != 0 {
		m.t.Fatalf("%q: exit %d\n%s%s", argv, r.code, r.stdout, r.stderr)
	}
	return r.stdout
}

// copyOfRepository commits the files of this repository, as they are, to a new one.
func copyOfRepository(t *testing.T, m *machine) string {
	t.Helper()
	list := exec.Command("git", "ls-files", "-z", "-co", "--exclude-standard")
	list.Dir = filepath.Dir(m.script)
	out, err := list.Output()
	m.must(err)
	src := filepath.Join(m.root, "copy")
	for name := range strings.SplitSeq(strings.TrimRight(string(out), "\x00"), "\x00") {
		b, err := os.ReadFile(filepath.Join(filepath.Dir(m.script), name))
		if os.IsNotExist(err) {
			continue // removed, and the removal not committed
		}
		m.must(err)
		m.write(filepath.Join(src, name), string(b))
	}
	m.in(src, "git", "init", "-q")
	m.in(src, "git", "add", "-A")
	m.in(src, "git", "-c", "user.name=x", "-c", "user.email=x@example.org", "commit", "-q", "-m", "copy")
	return src
}

// proxyOf makes a module proxy of files that has the module in src as v0.0.1 and nothing else.
func proxyOf(t *testing.T, m *machine, src string) string {
	t.Helper()
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	names := strings.Split(strings.TrimRight(m.in(src, "git", "ls-files", "-z"), "\x00"), "\x00")
	for _, name := range names {
		nested := func(other string) bool { // a module within the module, which is not a part of it
			folder, ok := strings.CutSuffix(other, "/go.mod")
			return ok && strings.HasPrefix(name, folder+"/")
		}
		if slices.ContainsFunc(names, nested) {
			continue
		}
		text, err := os.ReadFile(filepath.Join(src, name))
		m.must(err)
		w, err := z.Create(address + "@v0.0.1/" + name)
		m.must(err)
		_, err = w.Write(text)
		m.must(err)
	}
	m.must(z.Close())
	mod, err := os.ReadFile(filepath.Join(src, "go.mod"))
	m.must(err)
	folder := filepath.Join(m.root, "proxy")
	at := filepath.Join(folder, filepath.FromSlash(address), "@v")
	m.write(filepath.Join(at, "list"), "v0.0.1\n")
	m.write(filepath.Join(at, "v0.0.1.info"), `{"Version":"v0.0.1"}`)
	m.write(filepath.Join(at, "v0.0.1.mod"), string(mod))
	m.write(filepath.Join(at, "v0.0.1.zip"), b.String())
	return "file://" + folder
}

// downloads is the proxy of files that Go keeps of the modules that this one needs.
func downloads(t *testing.T) string {
	t.Helper()
	out, err := exec.Command("go", "env", "GOMODCACHE").Output()
	if err != nil {
		t.Fatal(err)
	}
	return "file://" + filepath.Join(strings.TrimSpace(string(out)), "cache", "download")
}
