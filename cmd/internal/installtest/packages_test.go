//go:build packages && linux

package installtest

import (
	"bytes"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"cgp-cred/keystore/keystoretest"
)

// releases are folders with the files of releases: 1.2.3 made twice, in different folders, and 1.3.0.
type releases struct {
	*machine
	first, again, next string
	key                string // the public one
}

// TestPackages makes releases, and installs, runs and removes each kind of package.
func TestPackages(t *testing.T) {
	keystoretest.Require(t, keystoretest.Hidden)
	r := makeReleases(t)
	for _, c := range []struct {
		name string
		test func(*testing.T, *releases)
	}{
		{"files", testFiles},
		{"sums", testSums},
		{"install.sh", testInstaller},
		{"deb", testDeb},
		{"rpm", testRPM},
		{"apk", testAPK},
		{"arch", testArch},
		{"msi", testMSI},
		{"image", testImage},
		{"linters", testLinters},
		{"homebrew", testFormula},
		{"scoop", testScoop},
		{"winget", testWinget},
		{"sbom", testSBOM},
	} {
		t.Run(c.name, func(t *testing.T) { c.test(t, r) })
	}
}

// makeReleases makes the releases from copies of this repository.
func makeReleases(t *testing.T) *releases {
	t.Helper()
	m := newMachine(t, "sh")
	m.goCaches()
	tools, err := filepath.Abs("../../../.tools")
	m.must(err)
	m.env["TOOLS"] = tools
	r := &releases{machine: m}
	secret := filepath.Join(m.root, "release.key")
	m.in(m.root, filepath.Join(tools, "minisign"), "-G", "-W", "-p", filepath.Join(m.root, "release.pub"), "-s", secret)
	key, err := os.ReadFile(filepath.Join(m.root, "release.pub"))
	m.must(err)
	r.key = strings.Split(string(key), "\n")[1]
	m.env["MINISIGN_KEY"] = secret
	src := copyOfRepository(t, m)
	for _, c := range []struct {
		dist               *string
		copy, version, tz  string
		folderForTemporary string
	}{
		{&r.first, "a", "1.2.3", "UTC", m.tmp}, {&r.again, "another folder/b", "1.2.3", "Asia/Tokyo", m.there}, {&r.next, "a", "1.3.0", "UTC", m.tmp},
	} {
		folder := filepath.Join(m.root, c.copy)
		if _, err := os.Stat(folder); err != nil {
			m.in(m.root, "git", "clone", "-q", src, folder)
		}
		*c.dist = filepath.Join(m.root, "dist", c.version+" "+filepath.Base(folder))
		m.must(os.MkdirAll(*c.dist, 0o755))
		m.env["DIST"], m.env["VERSION"], m.env["TZ"], m.env["TMPDIR"] = *c.dist, c.version, c.tz, c.folderForTemporary
		m.env["BASE_URL"] = "https://example.org/releases/v" + c.version
		t.Log(m.in(folder, "sh", ".dev/release.sh"))
	}
	for _, name := range []string{"DIST", "VERSION", "TZ", "BASE_URL", "MINISIGN_KEY"} {
		delete(m.env, name)
	}
	m.env["TMPDIR"] = m.tmp
	return r
}

// testFiles: a release has these files, and made again each has the same bytes.
func testFiles(t *testing.T, r *releases) {
	want := []string{
		"SHA256SUMS", "SHA256SUMS.minisig",
		"cgp-cred-1.2.3-1-aarch64.pkg.tar.zst", "cgp-cred-1.2.3-1-x86_64.pkg.tar.zst",
		"cgp-cred-1.2.3-1.aarch64.rpm", "cgp-cred-1.2.3-1.x86_64.rpm",
		"cgp-cred.cgp-cred.installer.yaml", "cgp-cred.cgp-cred.locale.en-GB.yaml", "cgp-cred.cgp-cred.yaml", "cgp-cred.json", "cgp-cred.rb",
		"cgp-cred_1.2.3-1_amd64.deb", "cgp-cred_1.2.3-1_arm64.deb", "cgp-cred_1.2.3-r1_aarch64.apk", "cgp-cred_1.2.3-r1_x86_64.apk",
		"cgp-cred_1.2.3_darwin_amd64.tar.gz", "cgp-cred_1.2.3_darwin_arm64.tar.gz",
		"cgp-cred_1.2.3_linux_amd64.tar.gz", "cgp-cred_1.2.3_linux_arm64.tar.gz",
		"cgp-cred_1.2.3_oci.tar", "cgp-cred_1.2.3_sbom.cdx.json",
		"cgp-cred_1.2.3_windows_amd64.msi", "cgp-cred_1.2.3_windows_amd64.zip", "cgp-cred_1.2.3_windows_arm64.zip",
		"install.sh",
	}
	for _, folder := range []string{r.first, r.again} {
		entries, err := os.ReadDir(folder)
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, e := range entries {
			got = append(got, e.Name())
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Fatalf("files of %s (-want +got):\n%s", folder, diff)
		}
	}
	for _, name := range want {
		if !bytes.Equal(r.read(t, r.first, name), r.read(t, r.again, name)) {
			t.Errorf("%s has other bytes when it is made again", name)
		}
	}
}

// testSums: the signature is of the release's key, by another implementation of minisign too, and the sums are right.
func testSums(t *testing.T, r *releases) {
	out := command(t, r.first, "minisign", "-Vm", "SHA256SUMS", "-P", r.key)
	if !strings.Contains(out, "Trusted comment: cgp-cred 1.2.3") {
		t.Error(out)
	}
	command(t, r.first, "sha256sum", "--strict", "-c", "SHA256SUMS")
	if n := bytes.Count(r.read(t, r.first, "SHA256SUMS"), []byte("\n")); n != 23 {
		t.Errorf("%d sums", n)
	}
}

// testInstaller: each release's install.sh installs it over the other, newer or older, verifies the signature, and removes
// everything.
func testInstaller(t *testing.T, r *releases) {
	m := newMachine(t, "sh")
	mux := http.NewServeMux()
	mux.Handle("/v1.2.3/", http.StripPrefix("/v1.2.3/", http.FileServer(http.Dir(r.first))))
	mux.Handle("/v1.3.0/", http.StripPrefix("/v1.3.0/", http.FileServer(http.Dir(r.next))))
	prefix := m.offer(mux)
	base := strings.TrimSuffix(m.env["CGP_CRED_BASE_URL"], "v1.2.3/")
	delete(m.env, "CGP_CRED_VERSION")
	before := m.snapshot("")
	var file string
	for _, c := range []struct{ folder, version string }{{r.first, "1.2.3"}, {r.next, "1.3.0"}, {r.first, "1.2.3"}} {
		m.env["CGP_CRED_BASE_URL"] = base + "v" + c.version
		file = filepath.Join(c.folder, "install.sh")
		got := m.start([]string{"sh", file}, "")
		m.want(got, 0)
		if strings.Contains(got.stdout, "no signature is verified") {
			t.Error(got.stdout)
		}
		if v := m.start([]string{filepath.Join(prefix, "bin", "cgp-cred"), "version"}, ""); !strings.HasPrefix(v.stdout, "cgp-cred "+c.version+" ") {
			t.Errorf("version: %q", v.stdout)
		}
		m.realExtras(prefix)
	}
	m.env["CGP_CRED_BASE_URL"] = base + "v1.3.0" // another release's files under this one's name
	m.unchanged("", func() { m.want(m.start([]string{"sh", file}, ""), 1) })
	m.want(m.start([]string{"sh", file, "--uninstall"}, ""), 0)
	m.sameAs(before)
}

// read is the content of a file of a release.
func (r *releases) read(t *testing.T, folder, name string) []byte {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(folder, name))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// command runs argv in a folder, and returns what it says; it must succeed.
func command(t *testing.T, folder string, argv ...string) string {
	t.Helper()
	out, code := attempt(t, folder, argv...)
	if code != 0 {
		t.Fatalf("%q: exit %d\n%s", argv, code, out)
	}
	return out
}

// attempt runs argv in a folder, and returns what it says and its exit status.
func attempt(t *testing.T, folder string, argv ...string) (out string, code int) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), argv[0], argv[1:]...)
	cmd.Dir = folder
	cmd.Env = append(os.Environ(), "LC_ALL=C.UTF-8", "HOME="+t.TempDir())
	b, err := cmd.CombinedOutput()
	if cmd.ProcessState == nil {
		t.Fatal(err)
	}
	return string(b), cmd.ProcessState.ExitCode()
}

// contains fails unless text has each of these parts.
func contains(t *testing.T, text string, parts ...string) {
	t.Helper()
	for _, part := range parts {
		if !strings.Contains(text, part) {
			t.Errorf("there is no %q in:\n%s", part, text)
		}
	}
}
