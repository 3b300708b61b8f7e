//go:build unix

package installtest

import (
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"cgp-cred/keystore/keystoretest"
)

func TestUsage(t *testing.T) {
	t.Parallel()
	none := "-"
	tests := []struct {
		name   string
		env    map[string]string
		args   []string
		code   int
		output string
	}{
		{"help", nil, []string{"--help"}, 0, "usage: sh install.sh"},
		{"unknown argument", nil, []string{"--force"}, 2, "unknown argument '--force'"},
		{"a word", nil, []string{"--dry-run", "now"}, 2, "unknown argument 'now'"},
		{"no HOME", map[string]string{"HOME": none}, nil, 2, "HOME names no folder"},
		{"a relative HOME", map[string]string{"HOME": "."}, nil, 2, "HOME names no folder"},
		{"a line break", map[string]string{"PREFIX": "/a\nb"}, nil, 2, "line break"},
		{"only a version", map[string]string{"CGP_CRED_VERSION": "1.2.3"}, nil, 2, "no base URL"},
		{"only a base URL", map[string]string{"CGP_CRED_BASE_URL": "https://example.test"}, nil, 2, "no version"},
		{"a path as version", map[string]string{"CGP_CRED_VERSION": "1/../2", "CGP_CRED_BASE_URL": "https://example.test"}, nil, 2, "not a version"},
		{"a flag without its value", nil, []string{"--version"}, 2, "--version needs a value"},
		{"only a version flag", nil, []string{"--version=1.2.3"}, 2, "no base URL"},
		{"an empty flag", nil, []string{"--base-url", ""}, 2, "--base-url needs a value"},
		{"plain http", map[string]string{"CGP_CRED_VERSION": "1", "CGP_CRED_BASE_URL": "http://example.test"}, nil, 2, "plain http"},
		{"a look-alike of loopback", map[string]string{"CGP_CRED_VERSION": "1", "CGP_CRED_BASE_URL": "http://127.0.0.1.example.test"}, nil, 2, "plain http"},
		{"a user before the host", map[string]string{"CGP_CRED_VERSION": "1", "CGP_CRED_BASE_URL": "http://localhost:1@example.test"}, nil, 2, "a character"},
		{"another scheme", map[string]string{"CGP_CRED_VERSION": "1", "CGP_CRED_BASE_URL": "file:///tmp"}, nil, 2, "not an https URL"},
		{"spaces in the base URL", map[string]string{"CGP_CRED_VERSION": "1", "CGP_CRED_BASE_URL": "https://example.test -o /etc/passwd"}, nil, 2, "a character"},
	}
	eachShell(t, func(t *testing.T, m *machine) {
		for _, test := range tests {
			m := &machine{t: t, shell: m.shell, root: m.root, there: m.there, script: m.script, env: map[string]string{}}
			for name, value := range map[string]string{"HOME": filepath.Join(m.root, "home"), "TMPDIR": filepath.Join(m.root, "tmp"), "PATH": os.Getenv("PATH")} {
				m.env[name] = value
			}
			for name, value := range test.env {
				m.env[name] = value
				if value == none {
					delete(m.env, name)
				}
			}
			m.unchanged("", func() {
				r := m.run(test.args...)
				m.want(r, test.code)
				if !strings.Contains(r.stdout+r.stderr, test.output) {
					t.Errorf("%s: no %q in:\n%s%s", test.name, test.output, r.stdout, r.stderr)
				}
			})
		}
	})
}

// TestTruncated: a download cut short anywhere runs nothing.
func TestTruncated(t *testing.T) {
	t.Parallel()
	whole, err := os.ReadFile(script)
	if err != nil {
		t.Fatal(err)
	}
	text := strings.TrimRight(string(whole), "\n")
	var cuts []int
	for n := 0; n < len(text); n += 389 {
		cuts = append(cuts, n)
	}
	for n := len(text) - 30; n < len(text); n++ {
		cuts = append(cuts, n)
	}
	eachShell(t, func(t *testing.T, m *machine) {
		prefix := m.offer(pack(t, plain("cgp-cred", program)))
		m.unchanged("", func() {
			for _, n := range cuts {
				r := m.start(append(append([]string{}, m.shell...), "-s"), text[:n])
				if r.stdout != "" {
					t.Errorf("the first %d bytes said: %s", n, r.stdout)
				}
			}
		})
		m.want(m.start(append(append([]string{}, m.shell...), "-s"), text), 0) // and the whole of it, through a pipe, does install
		m.installed(prefix, "cgp-cred 1.2.3")
	})
}

func TestDryRun(t *testing.T) {
	t.Parallel()
	eachShell(t, func(t *testing.T, m *machine) {
		prefix := m.offer(release{})
		m.unchanged("", func() {
			r := m.run("--dry-run")
			m.want(r, 0)
			if !strings.Contains(r.stdout, archiveName) || !strings.Contains(r.stdout, prefix+"/bin") {
				t.Errorf("stdout does not say what and where: %s", r.stdout)
			}
		})
	})
}

// TestUnwritable runs as a user who may not write to PREFIX, and with a PREFIX below a file.
func TestUnwritable(t *testing.T) {
	t.Parallel()
	eachShell(t, func(t *testing.T, m *machine) {
		m.offer(pack(t, plain("cgp-cred", program)))
		m.env["PREFIX"] = filepath.Join(m.home, ".profile")
		m.unchanged("", func() { m.want(m.run(), 1) })
	})
	t.Run("another's folder", func(t *testing.T) {
		t.Parallel()
		m := newMachine(t, "sh")
		m.offer(pack(t, plain("cgp-cred", program)))
		prefix := filepath.Join(m.home, "closed")
		m.must(os.MkdirAll(filepath.Join(prefix, "bin"), 0o755))
		m.must(os.Chmod(filepath.Join(prefix, "bin"), 0o555))
		m.env["PREFIX"] = prefix
		if os.Geteuid() == 0 { // root may write everywhere, so be another user
			keystoretest.Require(t, keystoretest.Users)
			keystoretest.Need(t, "setpriv", "util-linux")
			m.shell = []string{"setpriv", "--reuid", "65534", "--regid", "65534", "--clear-groups", "sh"}
			copied := filepath.Join(m.there, "install.sh")
			b, err := os.ReadFile(m.script)
			m.must(err)
			m.write(copied, string(b))
			m.script = copied
			m.must(os.Chmod(m.tmp, 0o777))
			m.must(os.Chmod(m.root, 0o755))
			m.must(os.Chmod(filepath.Dir(m.root), 0o755)) // t.TempDir makes two folders
		}
		m.unchanged("", func() {
			r := m.run()
			m.want(r, 1)
			if want := "nothing can be written to " + filepath.Join(prefix, "bin"); !strings.Contains(r.stderr, want) {
				t.Errorf("uid %s: no %q in: %s", strconv.Itoa(os.Geteuid()), want, r.stderr)
			}
		})
	})
}
