//go:build unix

package installtest

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestUninstall(t *testing.T) {
	t.Parallel()
	eachShell(t, func(t *testing.T, m *machine) {
		prefix := m.offer(pack(t, plain("cgp-cred", program)))
		bin := filepath.Join(prefix, "bin")
		m.write(filepath.Join(bin, "samtools"), "another program")
		before := m.snapshot("")
		m.want(m.run(), 0)
		m.unchanged("", func() { m.want(m.run("--uninstall", "--dry-run"), 0) })

		r := m.run("--uninstall")
		m.want(r, 0)
		if !strings.Contains(r.stdout, "cgp-cred logout --all") {
			t.Errorf("stdout does not say how to remove the keys: %s", r.stdout)
		}
		m.sameAs(before)
		r = m.run("--uninstall")
		m.want(r, 0)
		if !strings.Contains(r.stdout, "nothing to remove") {
			t.Errorf("the second time it says: %s", r.stdout)
		}
		m.sameAs(before)
	})
}

// TestOthersPrograms: pip puts a get_nhs_oauth_token of its own into ~/.local/bin; neither installing nor removing touches it.
func TestOthersPrograms(t *testing.T) {
	t.Parallel()
	eachShell(t, func(t *testing.T, m *machine) {
		prefix := m.offer(pack(t, plain("cgp-cred", program)))
		theirs := filepath.Join(prefix, "bin", "get_nhs_oauth_token")
		m.write(theirs, "#!/usr/bin/python3\n")
		elsewhere := filepath.Join(prefix, "bin", "git-credential-cgp")
		m.must(os.Symlink("/opt/elsewhere/cgp-cred", elsewhere))
		before := m.snapshot("")

		r := m.run()
		m.want(r, 0)
		for _, path := range []string{theirs, elsewhere} {
			if !strings.Contains(r.stderr, path+" is another program's") {
				t.Errorf("stderr does not name %s: %s", path, r.stderr)
			}
		}
		m.want(m.run("--uninstall"), 0)
		m.sameAs(before)
	})
}

// TestReplaces: the old program stays whole for who runs it, and a folder in its place is left alone.
func TestReplaces(t *testing.T) {
	t.Parallel()
	m := newMachine(t, "sh")
	prefix := m.offer(pack(t, plain("cgp-cred", program)))
	path := filepath.Join(prefix, "bin", "cgp-cred")
	m.write(path, "the program of yesterday")
	old, err := os.Open(path)
	m.must(err)
	t.Cleanup(func() { _ = old.Close() })
	m.want(m.run(), 0)
	m.installed(prefix, "cgp-cred 1.2.3")
	b := make([]byte, 100)
	n, err := old.Read(b)
	m.must(err)
	if got := string(b[:n]); got != "the program of yesterday" {
		t.Errorf("the running program's file became %q", got)
	}

	m.must(os.Remove(path))
	m.must(os.Mkdir(path, 0o755))
	m.unchanged("", func() {
		m.want(m.run(), 1)
		m.want(m.run("--uninstall"), 1)
	})
}

// sameAs fails if anything below root is not as it was, but for folders that were made for the program.
func (m *machine) sameAs(before map[string]string) {
	m.t.Helper()
	after := m.snapshot("")
	for path := range after {
		if before[path] != after[path] {
			m.t.Errorf("%s: %q, was %q", path, after[path], before[path])
		}
	}
	for path := range before {
		if after[path] == "" {
			m.t.Errorf("%s is gone", path)
		}
	}
}
