//go:build unix

package installtest

import (
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
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
	m.env["DIST"], m.env["VERSION"] = m.tmp, "1.2.3"
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
	if sums[0] != sums[1] || strings.Count(sums[0], "\n") != 2 || !strings.Contains(sums[0], "_windows_amd64.zip\n") {
		t.Errorf("the sums, made twice:\n%s\n%s", sums[0], sums[1])
	}
	m.want(m.run(), 0)
	r := m.start([]string{filepath.Join(prefix, "bin", "cgp-cred"), "version"}, "")
	if !strings.HasPrefix(r.stdout, "cgp-cred 1.2.3 ") {
		t.Errorf("version: %q", r.stdout)
	}
	m.realExtras(prefix)
	archive := "cgp-cred_1.2.3_" + runtime.GOOS + "_" + runtime.GOARCH + ".tar.gz"
	members := m.start([]string{"tar", "-tzf", filepath.Join(m.tmp, archive)}, "").stdout
	for _, name := range []string{"README.md", "CONTRIBUTING.md", "docs/reference.md", "docs/performance.md", "man/cgp-cred-get.1"} {
		if !strings.Contains(members, name+"\n") {
			t.Errorf("the archive has no %s:\n%s", name, members)
		}
	}
}
