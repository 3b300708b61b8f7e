//go:build unix

package installtest

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"cgp-cred/keystore/keystoretest"
)

// standIn imports little: some tests compile all of it.
const standIn = `package main

import "os"

var version string

func main() {
	if len(os.Args) == 3 && os.Args[1] == "completion" {
		_, _ = os.Stdout.WriteString("# " + os.Args[2] + "\n")
		return
	}
	_, _ = os.Stdout.WriteString("stand-in " + version + "\n")
}
`

// standInManual is what it is besides in the build that writes the manual.
const standInManual = `//go:build man

package main

import "os"

func init() {
	_ = os.Mkdir(os.Args[2], 0o755)
	_ = os.WriteFile(os.Args[2]+"/cgp-cred.1", []byte("the page"), 0o644)
}
`

// checkout makes a small module with this repository's name and install.sh, at root/a b.
func checkout(t *testing.T, m *machine) string {
	t.Helper()
	src := filepath.Join(m.root, "a b")
	b, err := os.ReadFile(m.script)
	m.must(err)
	m.write(filepath.Join(src, "install.sh"), string(b))
	m.write(filepath.Join(src, "go.mod"), "module cgp-cred\n\ngo 1.26.0\n")
	m.write(filepath.Join(src, "cmd", "cgp-cred", "main.go"), standIn)
	m.write(filepath.Join(src, "cmd", "cgp-cred", "man.go"), standInManual)
	m.script = filepath.Join(src, "install.sh")
	m.goCaches()
	return src
}

// goCaches lets go build with the caches of the user who runs the test, so that the machine's home stays out of it.
func (m *machine) goCaches() {
	m.t.Helper()
	out, err := exec.CommandContext(m.t.Context(), "go", "env", "GOCACHE", "GOMODCACHE", "GOPROXY", "GOSUMDB").Output()
	m.must(err)
	values := strings.Split(string(out), "\n")
	for i, name := range []string{"GOCACHE", "GOMODCACHE", "GOPROXY", "GOSUMDB"} {
		m.env[name] = values[i]
	}
	m.env["XDG_CONFIG_HOME"] = m.t.TempDir() // go keeps its telemetry counters there
}

func TestCheckout(t *testing.T) {
	t.Parallel()
	eachShell(t, func(t *testing.T, m *machine) {
		checkout(t, m)
		m.env["GOOS"], m.env["GOARCH"] = "plan9", "mips" // it is for this machine all the same
		m.unchanged(filepath.Join(m.home, ".local"), func() { m.want(m.run(), 0) })
		m.installed(filepath.Join(m.home, ".local"), "stand-in dev", "cgp-cred.1")
		m.unchanged("", func() { m.want(m.run(), 0) })
	})
}

func TestCheckoutVersion(t *testing.T) {
	t.Parallel()
	keystoretest.Need(t, "git", "git")
	m := newMachine(t, "sh")
	src := checkout(t, m)
	git := func(dir string, args ...string) {
		t.Helper()
		argv := append([]string{"git", "-C", dir, "-c", "user.name=a", "-c", "user.email=a@example.test"}, args...)
		if r := m.start(argv, ""); r.code != 0 {
			t.Fatalf("%v: %s", argv, r.stderr)
		}
	}
	// Unpacked inside another repository, it does not take the version of that one.
	git(m.root, "init", "-q")
	git(m.root, "commit", "-q", "--allow-empty", "-m", "another project")
	git(m.root, "tag", "v9.9.9")
	m.want(m.run(), 0)
	m.installed(filepath.Join(m.home, ".local"), "stand-in dev", "cgp-cred.1")

	git(src, "init", "-q")
	git(src, "add", ".")
	git(src, "commit", "-q", "-m", "one")
	git(src, "tag", "v1.0.0")
	m.want(m.run(), 0)
	m.installed(filepath.Join(m.home, ".local"), "stand-in v1.0.0", "cgp-cred.1")
}

// TestCheckoutFails: the program that was there stays when the new one does not compile, or Go is not here.
func TestCheckoutFails(t *testing.T) {
	t.Parallel()
	m := newMachine(t, "sh")
	src := checkout(t, m)
	m.want(m.run(), 0)
	m.write(filepath.Join(src, "cmd", "cgp-cred", "main.go"), "package main\n\nfunc main() { nothing }\n")
	m.unchanged("", func() { m.want(m.run(), 1) })
	m.tools("sh", "dirname", "grep")
	m.refuses(1, "Go is not here")
}

// TestNoCheckout: read from a pipe, or without cgp-cred's go.mod, there is nothing to build. The current folder is
// not looked at.
func TestNoCheckout(t *testing.T) {
	t.Parallel()
	m := newMachine(t, "sh")
	src := checkout(t, m)
	m.there = src
	b, err := os.ReadFile(m.script)
	m.must(err)
	m.write(filepath.Join(m.root, "install.sh"), string(b))
	m.unchanged("", func() {
		m.want(m.start([]string{"sh", "-s"}, string(b)), 2)
		m.want(m.start([]string{"sh", filepath.Join(m.root, "install.sh")}, ""), 2)
	})
}

// TestPipedBesideAFile: in a checkout that has a file with the shell's own name, a script that is piped into that shell
// still builds nothing: neither is a file of another name, nor one that only has the name of this script.
func TestPipedBesideAFile(t *testing.T) {
	t.Parallel()
	eachShell(t, func(t *testing.T, m *machine) {
		src := checkout(t, m)
		m.there = src
		b, err := os.ReadFile(m.script)
		m.must(err)
		for _, name := range []string{"sh", "dash", "bash", "busybox", "-", "-s"} {
			m.write(filepath.Join(src, name), string(b))
		}
		m.unchanged("", func() {
			m.want(m.start(append(append([]string{}, m.shell...), "-s"), string(b)), 2)
			m.want(m.start(m.shell, string(b)), 2)
		})
		m.write(filepath.Join(src, "install.sh"), "# another project's\n")
		m.unchanged("", func() {
			m.want(m.start(append(append([]string{}, m.shell...), "-c", string(b), "install.sh"), ""), 2)
		})
	})
}

// TestGenericNames: the VERSION and BASE_URL of a job are its own, and choose no program.
func TestGenericNames(t *testing.T) {
	t.Parallel()
	m := newMachine(t, "sh")
	checkout(t, m)
	m.env["VERSION"], m.env["BASE_URL"] = "9.9.9", "https://evil.example.test"
	m.want(m.run(), 0)
	m.installed(filepath.Join(m.home, ".local"), "stand-in dev", "cgp-cred.1")
}

// TestFlagsWin: what the command line says counts, not what the environment has.
func TestFlagsWin(t *testing.T) {
	t.Parallel()
	m := newMachine(t, "sh")
	prefix := m.offer(pack(t, plain("cgp-cred", program)))
	url := m.env["CGP_CRED_BASE_URL"]
	m.env["CGP_CRED_VERSION"], m.env["CGP_CRED_BASE_URL"] = "9.9.9", "https://evil.example.test"
	m.want(m.run("--version", "1.2.3", "--base-url="+url), 0)
	m.installed(prefix, "cgp-cred 1.2.3")
}

// TestNoHome: with a PREFIX no HOME is needed; go's caches are then temporary.
func TestNoHome(t *testing.T) {
	t.Parallel()
	m := newMachine(t, "sh")
	checkout(t, m)
	for _, name := range []string{"HOME", "GOCACHE", "GOMODCACHE", "XDG_CONFIG_HOME"} {
		delete(m.env, name)
	}
	m.env["PREFIX"] = filepath.Join(m.root, "prefix")
	m.unchanged(m.env["PREFIX"], func() { m.want(m.run(), 0) })
	m.installed(m.env["PREFIX"], "stand-in dev", "cgp-cred.1")
}

// TestThisCheckout builds the real thing.
func TestThisCheckout(t *testing.T) {
	t.Parallel()
	m := newMachine(t, "sh")
	m.goCaches()
	prefix := filepath.Join(m.home, "p")
	m.env["PREFIX"] = prefix
	m.unchanged(prefix, func() { m.want(m.run(), 0) })
	for _, name := range []string{"cgp-cred", "cgp-cred-fleet", "git-credential-cgp", "get_nhs_oauth_token"} {
		if _, err := os.Stat(filepath.Join(prefix, "bin", name)); err != nil {
			t.Error(err)
		}
	}
	r := m.start([]string{filepath.Join(prefix, "bin", "cgp-cred"), "version"}, "")
	if r.code != 0 || !strings.HasPrefix(r.stdout, "cgp-cred ") {
		t.Errorf("version: exit %d, %q, %q", r.code, r.stdout, r.stderr)
	}
	m.realExtras(prefix)
}

// realExtras fails unless prefix has the man pages and completions of the real program.
func (m *machine) realExtras(prefix string) {
	m.t.Helper()
	for name, want := range map[string]string{
		"man/man1/cgp-cred.1":                     "cgp-cred-get",
		"man/man1/cgp-cred-get.1":                 ".TH \"CGP-CRED-GET\" \"1\"",
		"man/man1/cgp-cred-exec.1":                "CGP_CRED_*",
		"man/man1/git-credential-cgp.1":           ".so man1/cgp-cred-credential.1",
		"man/man1/get_nhs_oauth_token.1":          "--api_host",
		"bash-completion/completions/cgp-cred":    "__start_cgp-cred",
		"zsh/site-functions/_cgp-cred":            "#compdef cgp-cred",
		"fish/vendor_completions.d/cgp-cred.fish": "complete -c cgp-cred",
		"cgp-cred/contrib/vault-sign":             "transit engine",
		"cgp-cred/contrib/https.sh":               "request METHOD URL",
	} {
		text, err := os.ReadFile(filepath.Join(prefix, "share", filepath.FromSlash(name)))
		if err != nil || !strings.Contains(strings.ReplaceAll(string(text), `\-`, "-"), want) {
			m.t.Errorf("%s has no %q: %v", name, want, err)
		}
	}
}
