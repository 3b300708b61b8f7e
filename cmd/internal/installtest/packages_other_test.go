//go:build packages && linux

package installtest

import (
	"bufio"
	"crypto/x509"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"
)

// testImage: the image is one that registries take, and its programs run as its user, with nothing else of a system.
func testImage(t *testing.T, r *releases) {
	crane := filepath.Join(r.env["TOOLS"], "crane")
	layout, root := t.TempDir(), t.TempDir()
	command(t, r.first, "tar", "-xf", "cgp-cred_1.2.3_oci.tar", "-C", layout)
	image := registry(t, crane) + "/cgp-cred:1.2.3"
	command(t, layout, crane, "push", layout, image)
	for _, platform := range []string{"linux/amd64", "linux/arm64"} {
		contains(t, command(t, layout, crane, "validate", "--platform", platform, "--remote", image), "PASS")
		var config struct {
			OS, Architecture string
			Config           struct {
				User       string
				Entrypoint []string
				Labels     map[string]string
			}
		}
		if err := json.Unmarshal([]byte(command(t, layout, crane, "config", "--platform", platform, image)), &config); err != nil {
			t.Fatal(err)
		}
		c := config.Config
		if config.OS+"/"+config.Architecture != platform || c.User != "65532:65532" || !slices.Equal(c.Entrypoint, []string{"/usr/bin/cgp-cred"}) ||
			c.Labels["org.opencontainers.image.version"] != "1.2.3" {
			t.Errorf("%s: %+v", platform, config)
		}
	}
	command(t, layout, crane, "export", "--platform", "linux/amd64", image, filepath.Join(layout, "files.tar"))
	command(t, layout, "tar", "-xpf", filepath.Join(layout, "files.tar"), "--numeric-owner", "-C", root)
	run := func(status int, env []string, args ...string) string {
		t.Helper()
		argv := slices.Concat([]string{"env", "-i", "HOME=/home/cgp-cred", "PATH=/usr/bin"}, env,
			[]string{"/usr/sbin/chroot", "--userspec=65532:65532", root, "/usr/bin/cgp-cred"}, args)
		out, code := attempt(t, root, argv...)
		if code != status {
			t.Errorf("%q: exit %d, want %d\n%s", args, code, status, out)
		}
		return out
	}
	contains(t, run(0, nil, "version"), "cgp-cred 1.2.3 (linux/amd64")
	run(3, nil, "get")
	contains(t, run(0, []string{"CGP_CRED_HOST=int.api.service.nhs.uk", "CGP_CRED_API_KEY=key-of-a-test"}, "get"), "apikey: key-of-a-test\n")
	home, err := os.Stat(filepath.Join(root, "home", "cgp-cred"))
	if err != nil || home.Mode().Perm() != 0o700 {
		t.Errorf("the home folder: %v, %v", home, err)
	}
	roots, err := os.ReadFile(filepath.Join(root, "etc", "ssl", "certs", "ca-certificates.crt"))
	if n := strings.Count(string(roots), "BEGIN CERTIFICATE"); err != nil || n < 100 || !x509.NewCertPool().AppendCertsFromPEM(roots) {
		t.Errorf("%d certificate authorities, %v", n, err)
	}
}

// registry runs a registry on this machine, and returns its address.
func registry(t *testing.T, crane string) string {
	t.Helper()
	serve := exec.CommandContext(t.Context(), crane, "registry", "serve", "--address", "127.0.0.1:0")
	said, err := serve.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := serve.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = serve.Process.Kill(); _ = serve.Wait() })
	line, err := bufio.NewReader(said).ReadString('\n')
	m := regexp.MustCompile(`port (\d+)`).FindStringSubmatch(line)
	if m == nil {
		t.Fatalf("%q, %v", line, err)
	}
	return "127.0.0.1:" + m[1]
}

// testMSI installs, upgrades and removes the MSI with wine, as a user does.
func testMSI(t *testing.T, r *releases) {
	script, err := filepath.Abs("../../../.dev/windows.sh")
	if err != nil {
		t.Fatal(err)
	}
	prefix := t.TempDir()
	command(t, r.root, "cp", "-a", filepath.Join(r.env["TOOLS"], "wine", "prefix")+"/.", prefix)
	run := []string{"env", "-i", "PATH=" + os.Getenv("PATH"), "WINEPREFIX=" + prefix, "sh", script}
	t.Cleanup(func() { _ = exec.Command(run[0], append(run[1:], "--end")...).Run() })
	wine := func(status int, args ...string) string {
		t.Helper()
		out, code := attempt(t, r.root, slices.Concat(run, args)...)
		if (code == 0) != (status == 0) {
			t.Fatalf("%q: exit %d\n%s", args, code, out)
		}
		return out
	}
	path := func() string {
		t.Helper()
		m := regexp.MustCompile(`Path\s+REG_\w+\s+(.*?)\r?\n`).FindStringSubmatch(wine(0, "reg", "query", `HKCU\Environment`))
		if m == nil {
			t.Fatal("there is no Path")
		}
		// Windows removes the separator with the folder; wine leaves it.
		return strings.TrimRight(regexp.MustCompile(";+").ReplaceAllString(m[1], ";"), ";")
	}
	const before, folder = `C:\tools`, `C:\users\wine\AppData\Local\Programs\cgp-cred\`
	wine(0, "reg", "add", `HKCU\Environment`, "/v", "Path", "/t", "REG_EXPAND_SZ", "/d", before, "/f")
	first, next := `Z:`+filepath.Join(r.first, "cgp-cred_1.2.3_windows_amd64.msi"), `Z:`+filepath.Join(r.next, "cgp-cred_1.3.0_windows_amd64.msi")
	wine(0, "msiexec", "/i", first, "/qn")
	if got := path(); got != before+";"+folder {
		t.Errorf("Path is %s", got)
	}
	for name, want := range map[string]string{
		"cgp-cred version": "cgp-cred 1.2.3 (windows/amd64", "cgp-cred-fleet version": "cgp-cred-fleet 1.2.3 ",
		"git-credential-cgp capability": "capability authtype", "get_nhs_oauth_token --help": "Usage:",
	} {
		contains(t, wine(0, "cmd", "/c", name), want) // found by Path
	}
	wine(0, "msiexec", "/i", next, "/qn")
	contains(t, wine(0, "cmd", "/c", "cgp-cred version"), "cgp-cred 1.3.0 ")
	if got := path(); got != before+";"+folder {
		t.Errorf("after the upgrade Path is %s", got)
	}
	wine(1, "msiexec", "/i", first, "/qn")
	contains(t, wine(0, "cmd", "/c", "cgp-cred version"), "cgp-cred 1.3.0 ")
	wine(0, "msiexec", "/x", next, "/qn")
	if got := path(); got != before {
		t.Errorf("after the removal Path is %s", got)
	}
	if left := command(t, prefix, "find", ".", "-iname", "*cgp*", "-o", "-iname", "get_nhs*"); left != "" {
		t.Errorf("left: %s", left)
	}
}

// homebrew is as much of Homebrew as a formula needs: it prints what the formula says of this system, and what it installs.
const homebrew = `
require "pathname"
class Place
  def initialize(name) = @name = name
  def install(*files) = files.flatten.each { |f| puts "install #{@name}: #{f.is_a?(Hash) ? f.first.join(" as ") : f}" }
  def install_symlink(names) = names.each { |from, to| puts "link #{@name}: #{to} to #{from}" }
end
class Formula
  class << self
    %w[desc homepage version license url sha256].each { |n| define_method(n) { |v| puts "#{n}: #{v}" } }
    def on_macos = (yield if ENV["OS"] == "darwin")
    def on_linux = (yield if ENV["OS"] == "linux")
    def on_arm = (yield if ENV["ARCH"] == "arm64")
    def on_intel = (yield if ENV["ARCH"] == "amd64")
    def test = puts("test")
  end
  %w[bin man1 bash_completion zsh_completion fish_completion pkgshare doc].each { |n| define_method(n) { Place.new(n) } }
end
load ARGV[0]
Dir.chdir(ARGV[1]) { CgpCred.new.install }
`

// testFormula: the formula is Ruby, names each archive with its sum, and installs what the archive has.
func testFormula(t *testing.T, r *releases) {
	contains(t, command(t, r.first, "ruby", "-wc", "cgp-cred.rb"), "Syntax OK")
	stub := filepath.Join(t.TempDir(), "homebrew.rb")
	r.write(stub, homebrew)
	for _, system := range []string{"darwin/arm64", "darwin/amd64", "linux/arm64", "linux/amd64"} {
		os, arch, _ := strings.Cut(system, "/")
		name := "cgp-cred_1.2.3_" + os + "_" + arch
		folder := t.TempDir()
		command(t, r.first, "tar", "-xzf", name+".tar.gz", "-C", folder)
		out := command(t, r.first, "env", "OS="+os, "ARCH="+arch, "ruby", stub, filepath.Join(r.first, "cgp-cred.rb"), filepath.Join(folder, name))
		contains(t, out, "version: 1.2.3\n", "url: https://example.org/releases/v1.2.3/"+name+".tar.gz\nsha256: "+r.sum(t, name+".tar.gz")+"\n",
			"link bin: git-credential-cgp to cgp-cred\n", "install man1: man/cgp-cred.1\n", "\ntest\n")
		for _, m := range regexp.MustCompile(`(?m)^install \w+: (\S+)`).FindAllStringSubmatch(out, -1) {
			command(t, filepath.Join(folder, name), "test", "-e", m[1])
		}
	}
}

// sum is the checksum of a file, as SHA256SUMS has it.
func (r *releases) sum(t *testing.T, name string) string {
	t.Helper()
	for line := range strings.Lines(string(r.read(t, r.first, "SHA256SUMS"))) {
		if sum, ok := strings.CutSuffix(line, "  "+name+"\n"); ok {
			return sum
		}
	}
	t.Fatalf("SHA256SUMS has no %s", name)
	return ""
}

// testScoop: the manifest has what Scoop requires, and each program is in the archive.
func testScoop(t *testing.T, r *releases) {
	var manifest struct {
		Version, Description, Homepage, License string
		Architecture                            map[string]struct {
			URL, Hash  string
			ExtractDir string `json:"extract_dir"`
		}
		Bin []string
	}
	if err := json.Unmarshal(r.read(t, r.first, "cgp-cred.json"), &manifest); err != nil {
		t.Fatal(err)
	}
	if manifest.Version != "1.2.3" || manifest.Description == "" || manifest.Homepage == "" || manifest.License != "MIT" ||
		len(manifest.Architecture) != 2 || len(manifest.Bin) != 4 {
		t.Errorf("%+v", manifest)
	}
	for scoop, arch := range map[string]string{"64bit": "amd64", "arm64": "arm64"} {
		a, name := manifest.Architecture[scoop], "cgp-cred_1.2.3_windows_"+arch
		if a.URL != "https://example.org/releases/v1.2.3/"+name+".zip" || a.Hash != r.sum(t, name+".zip") || a.ExtractDir != name {
			t.Errorf("%s: %+v", scoop, a)
		}
		members := command(t, r.first, "bsdtar", "-tf", name+".zip")
		for _, program := range manifest.Bin {
			contains(t, members, a.ExtractDir+"/"+program+"\n")
		}
	}
}

// testWinget: the three manifests have the fields that winget requires, and the MSI's sum and identity.
func testWinget(t *testing.T, r *releases) {
	read := func(part string) map[string]any {
		t.Helper()
		var manifest map[string]any
		if err := yaml.Unmarshal(r.read(t, r.first, "cgp-cred.cgp-cred"+part+".yaml"), &manifest); err != nil {
			t.Fatal(err)
		}
		if manifest["PackageIdentifier"] != "cgp-cred.cgp-cred" || manifest["PackageVersion"] != "1.2.3" || manifest["ManifestVersion"] != "1.6.0" {
			t.Errorf("%s: %v", part, manifest)
		}
		return manifest
	}
	version, locale, installer := read(""), read(".locale.en-GB"), read(".installer")
	if version["ManifestType"] != "version" || version["DefaultLocale"] != locale["PackageLocale"] {
		t.Errorf("%v", version)
	}
	for _, field := range []string{"Publisher", "PackageName", "License", "ShortDescription"} {
		if text, _ := locale[field].(string); text == "" {
			t.Errorf("there is no %s", field)
		}
	}
	const msi = "cgp-cred_1.2.3_windows_amd64.msi"
	installers, _ := installer["Installers"].([]any)
	if len(installers) != 1 || installer["InstallerType"] != "wix" || installer["Scope"] != "user" {
		t.Fatalf("%v", installer)
	}
	one, _ := installers[0].(map[string]any)
	product, _ := one["ProductCode"].(string)
	if one["Architecture"] != "x64" || one["InstallerUrl"] != "https://example.org/releases/v1.2.3/"+msi || one["InstallerSha256"] != r.sum(t, msi) {
		t.Errorf("%v", one)
	}
	contains(t, command(t, r.first, "msiinfo", "export", msi, "Property"), "ProductCode\t"+product+"\r\n")
}

// testSBOM: the SBOM has both programs, and each module that a program of any system says it is made of.
func testSBOM(t *testing.T, r *releases) {
	var sbom struct {
		BOMFormat  string `json:"bomFormat"`
		Components []struct{ Type, Name, Version string }
	}
	if err := json.Unmarshal(r.read(t, r.first, "cgp-cred_1.2.3_sbom.cdx.json"), &sbom); err != nil {
		t.Fatal(err)
	}
	have := map[string]bool{}
	for _, c := range sbom.Components {
		have[c.Type+" "+c.Name+"@"+c.Version] = true
	}
	if sbom.BOMFormat != "CycloneDX" || !have["application cgp-cred@1.2.3"] || !have["application cgp-cred-fleet@1.2.3"] {
		t.Errorf("%v", have)
	}
	modules := 0
	for _, system := range []string{"linux_amd64.tar.gz", "darwin_arm64.tar.gz", "windows_amd64.zip"} {
		folder := t.TempDir()
		command(t, r.first, "bsdtar", "-xf", "cgp-cred_1.2.3_"+system, "-C", folder)
		for _, m := range regexp.MustCompile(`\n\tdep\t(\S+)\t(\S+)`).FindAllStringSubmatch(command(t, folder, "go", "version", "-m", folder), -1) {
			modules++
			if !have["library "+m[1]+"@"+m[2]] {
				t.Errorf("the SBOM has no %s %s", m[1], m[2])
			}
		}
	}
	if modules < 30 {
		t.Errorf("%d modules are found", modules)
	}
}
