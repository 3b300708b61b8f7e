//go:build unix

package installtest

import (
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"testing"

	"cgp-cred/keystore/keystoretest"
)

// TestMadeRelease installs what .dev/release.sh makes, and making it twice gives the same bytes.
func TestMadeRelease(t *testing.T) {
	t.Parallel()
	keystoretest.Need(t, "zip", "zip")
	keystoretest.Need(t, "sha256sum", "coreutils")
	if out, err := exec.CommandContext(t.Context(), "tar", "--version").Output(); err != nil || !strings.Contains(string(out), "GNU tar") {
		keystoretest.Missing(t, "GNU tar", "tar")
	}
	m := newMachine(t, "sh")
	maker, err := filepath.Abs("../../../.dev/release.sh")
	m.must(err)
	prefix := m.offer(http.StripPrefix("/v1.2.3/", http.FileServer(http.Dir(m.tmp))))
	m.goCaches()
	m.env["DIST"], m.env["VERSION"], m.env["BASE_URL"] = m.tmp, "1.2.3", strings.TrimSuffix(m.env["CGP_CRED_BASE_URL"], "/")
	var sums [2]string
	for i := range sums {
		r := m.start([]string{"sh", maker, runtime.GOOS + "/" + runtime.GOARCH, "windows/amd64"}, "")
		if r.code != 0 {
			t.Fatalf("release.sh: exit %d: %s", r.code, r.stderr)
		}
		b, err := os.ReadFile(filepath.Join(m.tmp, "SHA256SUMS"))
		m.must(err)
		sums[i] = string(b)
	}
	if sums[0] != sums[1] || strings.Count(sums[0], "\n") != 3 || !strings.Contains(sums[0], "  install.sh\n") || !strings.Contains(sums[0], "_windows_amd64.zip\n") {
		t.Errorf("the sums, made twice:\n%s\n%s", sums[0], sums[1])
	}
	// The release's own install.sh knows the version and the base URL.
	delete(m.env, "CGP_CRED_VERSION")
	delete(m.env, "CGP_CRED_BASE_URL")
	m.want(m.start([]string{"sh", filepath.Join(m.tmp, "install.sh")}, ""), 0)
	r := m.start([]string{filepath.Join(prefix, "bin", "cgp-cred"), "version"}, "")
	if !strings.HasPrefix(r.stdout, "cgp-cred 1.2.3 ") {
		t.Errorf("version: %q", r.stdout)
	}
	if r := m.start([]string{filepath.Join(prefix, "bin", "cgp-cred-fleet"), "version"}, ""); !strings.HasPrefix(r.stdout, "cgp-cred-fleet 1.2.3 ") {
		t.Errorf("version of the companion: %q", r.stdout)
	}
	m.realExtras(prefix)
	archive := "cgp-cred_1.2.3_" + runtime.GOOS + "_" + runtime.GOARCH + ".tar.gz"
	members := m.start([]string{"tar", "-tzf", filepath.Join(m.tmp, archive)}, "").stdout
	for _, name := range []string{
		"cgp-cred-fleet", "docs/fleet-stores.md", "README.md", "CONTRIBUTING.md", "docs/reference.md", "docs/igv.png", "docs/performance.md", "man/cgp-cred-get.1",
		"completions/_cgp-cred", "completions/cgp-cred.bash", "completions/cgp-cred.fish", "completions/cgp-cred.ps1",
		"git-credential-cgp", "get_nhs_oauth_token", "NOTICES.md",
	} {
		if !strings.Contains(members, strings.TrimSuffix(archive, ".tar.gz")+"/"+name+"\n") {
			t.Errorf("the archive has no %s:\n%s", name, members)
		}
	}
	windows := m.start([]string{"zip", "-sf", filepath.Join(m.tmp, "cgp-cred_1.2.3_windows_amd64.zip")}, "").stdout
	for _, name := range []string{"cgp-cred.exe", "git-credential-cgp.exe", "get_nhs_oauth_token.exe", "cgp-cred-fleet.exe", "NOTICES.md"} {
		if !strings.Contains(windows, "cgp-cred_1.2.3_windows_amd64/"+name+"\n") {
			t.Errorf("the archive for Windows has no %s:\n%s", name, windows)
		}
	}
	m.must(exec.CommandContext(t.Context(), "tar", "-xzf", filepath.Join(m.tmp, archive), "-C", m.tmp).Run())
	for _, name := range []string{"git-credential-cgp", "get_nhs_oauth_token"} {
		if to, err := os.Readlink(filepath.Join(m.tmp, strings.TrimSuffix(archive, ".tar.gz"), name)); err != nil || to != "cgp-cred" {
			t.Errorf("%s leads to %q, %v", name, to, err)
		}
	}
	checkLinks(t, filepath.Join(m.tmp, strings.TrimSuffix(archive, ".tar.gz")))
	// In Git Bash install.sh takes the archive for Windows, whose program this system does not run.
	m.gitBash()
	if r := m.start([]string{"sh", filepath.Join(m.tmp, "install.sh")}, ""); !strings.Contains(r.stderr, "does not run") {
		t.Errorf("the archive for Windows: exit %d\n%s%s", r.code, r.stdout, r.stderr)
	}
}

// checkLinks fails if a link in a document of the archive leads to a file that the archive does not have.
func checkLinks(t *testing.T, folder string) {
	t.Helper()
	links := 0
	for _, pattern := range []string{"*.md", filepath.Join("docs", "*.md")} {
		files, err := filepath.Glob(filepath.Join(folder, pattern))
		if err != nil {
			t.Fatal(err)
		}
		for _, file := range files {
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			for _, m := range regexp.MustCompile(`\]\(([^()\s#:]+)(#[^()\s]*)?\)`).FindAllStringSubmatch(string(text), -1) {
				links++
				if _, err := os.Stat(filepath.Join(filepath.Dir(file), m[1])); err != nil {
					t.Errorf("%s: %v", filepath.Base(file), err)
				}
			}
		}
	}
	if links < 20 {
		t.Errorf("%d links are found", links)
	}
}
