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
		prefix := m.offer(pack(t, plain("cgp-cred", program), plain("cgp-cred-fleet", program), plain("man/cgp-cred.1", "x"), plain("man/cgp-cred-get.1", "x"), plain("contrib/tpm2-sign", "x")))
		bin, pages := filepath.Join(prefix, "bin"), filepath.Join(prefix, "share", "man", "man1")
		m.write(filepath.Join(bin, "samtools"), "another program")
		m.write(filepath.Join(pages, "samtools.1"), "another page")
		before := m.snapshot("")
		m.want(m.run(), 0)
		m.unchanged("", func() { m.want(m.run("--uninstall", "--dry-run"), 0) })

		r := m.run("--uninstall")
		m.want(r, 0)
		for _, name := range []string{"bin/cgp-cred", "bin/cgp-cred-fleet", "share/man/man1/cgp-cred-get.1", "share/zsh/site-functions/_cgp-cred", "share/cgp-cred/contrib/tpm2-sign"} {
			if !strings.Contains(r.stdout, "removed "+filepath.Join(prefix, name)+"\n") {
				t.Errorf("stdout does not say that %s is removed: %s", name, r.stdout)
			}
		}
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

// TestOthersPrograms: pip puts a get_nhs_oauth_token of its own into ~/.local/bin; neither installing nor removing
// touches it.
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

// TestReplaces: the old program stays whole for the user who runs it, and a folder with its name is not touched.
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

// sameAs fails if anything below root is not as it was, except folders that were made for the program.
func (m *machine) sameAs(before map[string]string) {
	m.t.Helper()
	after := m.snapshot("")
	for path := range after {
		if before[path] != after[path] && (before[path] != "" || !strings.HasPrefix(after[path], "d")) {
			m.t.Errorf("%s: %q, was %q", path, after[path], before[path])
		}
	}
	for path := range before {
		if after[path] == "" {
			m.t.Errorf("%s is gone", path)
		}
	}
}

// TestOthersExtras: links that the user has made where a page or a completion goes stay, pages of an earlier version
// go, and a folder that can't be written costs only what would be in it.
func TestOthersExtras(t *testing.T) {
	t.Parallel()
	eachShell(t, func(t *testing.T, m *machine) {
		prefix := m.offer(pack(t, plain("cgp-cred", program), plain("man/cgp-cred.1", "x"), plain("man/cgp-cred-new.1", "x")))
		share := filepath.Join(prefix, "share")
		mine := filepath.Join(m.home, "dotfiles", "_cgp-cred")
		m.write(mine, "the user's own")
		m.must(os.MkdirAll(filepath.Join(share, "zsh", "site-functions"), 0o755))
		link := filepath.Join(share, "zsh", "site-functions", "_cgp-cred")
		m.must(os.Symlink(mine, link))
		old := filepath.Join(share, "man", "man1", "cgp-cred-old.1")
		m.write(old, "a page of yesterday")
		m.write(filepath.Join(share, "fish"), "a file instead of a folder")

		r := m.run()
		m.want(r, 0)
		for _, left := range []string{
			link + " is a link", filepath.Join(share, "fish", "vendor_completions.d", "cgp-cred.fish") + " can't be written",
		} {
			if !strings.Contains(r.stderr, left) {
				t.Errorf("stderr has no %q: %s", left, r.stderr)
			}
		}
		if text, err := os.ReadFile(mine); err != nil || string(text) != "the user's own" {
			t.Errorf("the user's file is %q, %v", text, err)
		}
		if _, err := os.Lstat(old); err == nil {
			t.Errorf("%s is still there", old)
		}
		for _, name := range []string{"man/man1/cgp-cred-new.1", "bash-completion/completions/cgp-cred"} {
			if _, err := os.Stat(filepath.Join(share, name)); err != nil {
				t.Error(err)
			}
		}
		r = m.run("--uninstall")
		m.want(r, 0)
		if _, err := os.Lstat(link); err != nil || !strings.Contains(r.stderr, link+" is not a plain file") {
			t.Errorf("the user's link: %v; stderr %s", err, r.stderr)
		}
	})
}

// TestZsh: a user of zsh is told once how it finds completions.
func TestZsh(t *testing.T) {
	t.Parallel()
	m := newMachine(t, "sh")
	prefix := m.offer(pack(t, plain("cgp-cred", program)))
	m.env["SHELL"] = "/usr/bin/zsh"
	line := `fpath=("` + prefix + `/share/zsh/site-functions" $fpath)`
	for _, told := range []bool{true, false} {
		r := m.run()
		m.want(r, 0)
		if strings.Contains(r.stdout, line) != told {
			t.Errorf("told %v, want %v: %s", !told, told, r.stdout)
		}
	}
}
