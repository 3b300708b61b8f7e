//go:build unix

package installtest

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"crypto/sha256"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"cgp-cred/keystore/keystoretest"
)

const (
	zipTop  = "cgp-cred_1.2.3_windows_amd64"
	zipName = zipTop + ".zip"
)

// gitShells are those that Windows has. What busybox runs is not what PATH has, so it can't be one here.
var gitShells = [][]string{{"sh"}, {"dash"}, {"bash"}, {"bash", "--posix"}}

// windowsProgram is a stand-in for a version of cgp-cred.exe. Its setup puts it into the folder $PROGRAMS, and takes it
// from there.
func windowsProgram(version string) string {
	return `#!/bin/sh
# path	cgp-cred/cmd/cgp-cred
case "$1 ${2:-}" in
'completion bash') echo "# $2" ;;
'setup --install') mkdir -p "$PROGRAMS" && cp "$0" "$PROGRAMS/cgp-cred.exe" && echo "setup has installed it" ;;
'setup --uninstall') rm "$PROGRAMS/cgp-cred.exe" && rmdir "$PROGRAMS" && echo "setup has removed it" ;;
'version ') echo cgp-cred ` + version + ` ;;
*) exit 1 ;;
esac
`
}

// gitBash makes the machine look like Git Bash to a script: root is the drive D:, and go makes programs for Windows, in
// whose place it leaves a stand-in. The real ones are in the folder that it returns.
func (m *machine) gitBash() (built string) {
	m.t.Helper()
	keystoretest.Need(m.t, "unzip", "unzip")
	fake, built := filepath.Join(m.root, "git-bash"), filepath.Join(m.root, "built")
	m.must(os.MkdirAll(built, 0o755))
	m.uname("MINGW64_NT-10.0-26100", "x86_64")
	m.program(filepath.Join(fake, "cygpath"), `case "$1 $2" in
'-u D:'*) printf '%s\n' "`+m.root+`${2#D:}" | tr '\\' / ;;
'-u '* | '-m '*) printf '%s\n' "$2" ;;
"-w `+m.root+`"*) printf 'D:%s\n' "${2#`+m.root+`}" | tr / '\\' ;;
*) echo "cygpath $*" >&2; exit 1 ;;
esac`)
	m.write(filepath.Join(m.root, "stand-in"), windowsProgram("stand-in"))
	if path, err := exec.LookPath("go"); err == nil {
		m.program(filepath.Join(fake, "go"), `[ "$1" = build ] || { echo "go $*" >&2; exit 1; }
[ -n "${GOOS:-}" ] || GOOS=windows
[ -n "${GOARCH:-}" ] || GOARCH=amd64
export GOOS GOARCH
"`+path+`" "$@" || exit
while [ "$1" != -o ]; do shift; done
mv "$2" "`+built+`"
cp "`+filepath.Join(m.root, "stand-in")+`" "$2"`)
	}
	m.env["PATH"] = fake + ":" + m.env["PATH"]
	m.env["LOCALAPPDATA"] = `D:\home\AppData\Local`
	m.env["PROGRAMS"] = filepath.Join(m.home, "AppData", "Local", "Programs", "cgp-cred")
	return built
}

// uname is what Git Bash says of the machine.
func (m *machine) uname(system, processor string) {
	m.t.Helper()
	m.program(filepath.Join(m.root, "git-bash", "uname"),
		`case $1 in -s) echo `+system+` ;; -m) echo `+processor+` ;; *) exit 1 ;; esac`)
}

// zipped makes a release for Windows of these members, its sums right.
func zipped(t *testing.T, members ...member) release {
	t.Helper()
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	for _, m := range members {
		h := &zip.FileHeader{Name: m.header.Name}
		if !m.bare {
			h.Name = zipTop + "/" + h.Name
		}
		h.SetMode(m.header.FileInfo().Mode())
		if m.header.Typeflag == tar.TypeSymlink {
			h.SetMode(fs.ModeSymlink | 0o777)
			m.content = m.header.Linkname
		}
		f, err := w.CreateHeader(h)
		if err == nil && m.content != "" {
			_, err = f.Write([]byte(m.content))
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	r := release{zipName: b.String()}
	r["SHA256SUMS"] = strings.Repeat("0", 64) + "  another.zip\n" + zipLine(r) + "\r\n"
	return r
}

func zipLine(r release) string {
	return fmt.Sprintf("%x  %s", sha256.Sum256([]byte(r[zipName])), zipName)
}

// forWindows is what a release has, with a program of this version.
func forWindows(t *testing.T, version string) release {
	t.Helper()
	program := windowsProgram(version)
	return zipped(
		t, plain("cgp-cred.exe", program), plain("git-credential-cgp.exe", "x"), plain("get_nhs_oauth_token.exe", "x"),
		plain("cgp-cred-fleet.exe", program), plain("README.md", "x"), plain("LICENSE", "x"), plain("docs/ci.md", "x"),
		plain("docs/igv.png", "x"), plain("completions/_cgp-cred", "x"), plain("man/cgp-cred.1", "x"),
		plain("contrib/systemd/cgp-cred@.service", "x"), plain("contrib/vault-sign", "x"),
	)
}

// windowsNames are the programs in PREFIX/bin.
var windowsNames = []string{"cgp-cred-fleet.exe", "cgp-cred.exe", "get_nhs_oauth_token.exe", "git-credential-cgp.exe"}

// installedOnWindows fails unless prefix has the programs of this version, bash's completions, and nothing else.
func (m *machine) installedOnWindows(prefix, version string, names ...string) {
	m.t.Helper()
	if diff := cmp.Diff(names, m.names(filepath.Join(prefix, "bin"))); diff != "" {
		m.t.Errorf("names in bin (-want +got):\n%s", diff)
	}
	for _, name := range names {
		if text, err := os.ReadFile(filepath.Join(prefix, "bin", name)); string(text) != windowsProgram(version) {
			m.t.Errorf("%s is not version %s: %.80q, %v", name, version, text, err)
		}
	}
	m.bashOnly(filepath.Join(prefix, "share"))
}

func (m *machine) bashOnly(share string) {
	m.t.Helper()
	if diff := cmp.Diff(completions[:3], m.files(share)); diff != "" {
		m.t.Errorf("files in share (-want +got):\n%s", diff)
	}
}

// TestGitBash installs, upgrades, downgrades and removes a release in a PREFIX, which Windows writes with backslashes.
func TestGitBash(t *testing.T) {
	t.Parallel()
	eachOf(t, gitShells, func(t *testing.T, m *machine) {
		offered := release{}
		prefix := m.offer(offered)
		m.gitBash()
		m.env["PREFIX"] = `D:\home\my own\`
		theirs := filepath.Join(prefix, "bin", "samtools.exe")
		m.write(theirs, "another program")
		before := m.snapshot("")
		m.must(os.Remove(theirs))
		for _, version := range []string{"1.2.3", "1.3.0", "1.3.0", "1.1.0"} {
			for name, content := range forWindows(t, version) {
				offered[name] = content
			}
			m.unchanged(prefix, func() {
				r := m.run()
				m.want(r, 0)
				if r.stderr != "" || !strings.Contains(r.stdout, `export PATH="`+prefix+`/bin:$PATH"`) {
					t.Errorf("it says:\n%s%s", r.stdout, r.stderr)
				}
			})
			m.installedOnWindows(prefix, version, windowsNames...)
		}
		m.env["PATH"] = filepath.Join(prefix, "bin") + ":" + m.env["PATH"]
		r := m.run()
		m.want(r, 0)
		if strings.Contains(r.stdout, "export PATH") || r.stderr != "" {
			t.Errorf("with bin on PATH it says:\n%s%s", r.stdout, r.stderr)
		}
		m.write(theirs, "another program")
		m.unchanged("", func() {
			r := m.run("--uninstall", "--dry-run")
			m.want(r, 0)
			for _, name := range windowsNames {
				if !strings.Contains(r.stdout, "would remove "+filepath.Join(prefix, "bin", name)+"\n") {
					t.Errorf("no %s: %s", name, r.stdout)
				}
			}
		})
		m.want(m.run("--uninstall"), 0)
		m.sameAs(before)
		if r := m.run("--uninstall"); !strings.Contains(r.stdout, "nothing to remove") || r.code != 0 {
			t.Errorf("the second time: %d, %s", r.code, r.stdout)
		}
	})
}

// TestGitBashSetup: without a PREFIX the program's own setup installs and removes it.
func TestGitBashSetup(t *testing.T) {
	t.Parallel()
	eachOf(t, gitShells, func(t *testing.T, m *machine) {
		offered := release{}
		m.offer(offered)
		m.gitBash()
		delete(m.env, "PREFIX")
		installed, share := filepath.Join(m.env["PROGRAMS"], "cgp-cred.exe"), filepath.Join(m.home, ".local", "share")
		before := m.snapshot("")
		m.unchanged("", func() {
			r := m.run("--dry-run")
			m.want(r, 0)
			if !strings.Contains(r.stdout, filepath.Dir(installed)) || !strings.Contains(r.stdout, zipName) {
				t.Errorf("stdout does not say what and where: %s", r.stdout)
			}
		})
		for _, version := range []string{"1.2.3", "1.3.0", "1.1.0"} {
			for name, content := range forWindows(t, version) {
				offered[name] = content
			}
			r := m.run()
			m.want(r, 0)
			if text, err := os.ReadFile(installed); string(text) != windowsProgram(version) || r.stderr != "" ||
				!strings.Contains(r.stdout, "setup has installed it") || strings.Contains(r.stdout, "export PATH") {
				t.Errorf("%.80q, %v\n%s%s", text, err, r.stdout, r.stderr)
			}
			m.bashOnly(share)
		}
		m.unchanged("", func() {
			want := "would run: " + installed + " setup --uninstall\n"
			if r := m.run("--uninstall", "--dry-run"); r.code != 0 || !strings.Contains(r.stdout, want) {
				t.Errorf("%d, %s%s", r.code, r.stdout, r.stderr)
			}
		})
		if r := m.run("--uninstall"); r.code != 0 || !strings.Contains(r.stdout, "setup has removed it") {
			t.Errorf("%d, %s%s", r.code, r.stdout, r.stderr)
		}
		m.sameAs(before)
		if r := m.run("--uninstall"); r.code != 0 || !strings.Contains(r.stdout, "nothing to remove") {
			t.Errorf("the second time: %d, %s%s", r.code, r.stdout, r.stderr)
		}
	})
}

// TestGitBashSetupFails: what the program says is told, and nothing is left.
func TestGitBashSetupFails(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		program string
		without string // a variable
		code    int
		stderr  string
	}{
		"a program that does not run":  {"#!/bin/sh\nexit 1\n", "", 1, "does not run"},
		"a setup that fails":           {"#!/bin/sh\n[ \"$1\" != setup ] || { echo REASON >&2; exit 1; }\n", "", 1, "REASON"},
		"no folder of programs":        {windowsProgram("1.2.3"), "LOCALAPPDATA", 2, "LOCALAPPDATA"},
		"no folder for the completion": {windowsProgram("1.2.3"), "HOME", 2, "HOME"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m := newMachine(t, "sh")
			m.offer(zipped(t, plain("cgp-cred.exe", c.program)))
			m.gitBash()
			delete(m.env, "PREFIX")
			delete(m.env, c.without)
			m.refuses(c.code, c.stderr)
		})
	}
}

// TestGitBashRefused: an archive that is not a release's changes nothing.
func TestGitBashRefused(t *testing.T) {
	t.Parallel()
	program := windowsProgram("1.2.3")
	odd := func(members ...member) func(*testing.T) release {
		return func(t *testing.T) release { return zipped(t, append(members, plain("cgp-cred.exe", program))...) }
	}
	none := func(t *testing.T) release { return zipped(t, plain("LICENSE", "x")) }
	fleet := plain("cgp-cred-fleet.exe", "x")
	change := func(edit func(r release)) func(*testing.T) release {
		return func(t *testing.T) release {
			r := odd()(t)
			edit(r)
			return r
		}
	}
	const name, kind, unpacked = "does not have", "other than plain files", "can't be unpacked"
	tests := map[string]struct {
		offer  func(*testing.T) release
		stderr string
	}{
		"wrong checksum": {change(func(r release) { r[zipName] += "x" }), "is not the one in SHA256SUMS"},
		"two sums": {change(func(r release) {
			r["SHA256SUMS"] += strings.Repeat("0", 64) + "  " + zipName + "\n"
		}), "no single sum"},
		"no sum": {change(func(r release) {
			r["SHA256SUMS"] = strings.ReplaceAll(r["SHA256SUMS"], "1.2.3", "1.2.4")
		}), "no single sum"},
		"no archive": {change(func(r release) {
			r[zipName] = "<html></html>"
			r["SHA256SUMS"] = zipLine(r)
		}), unpacked},
		"truncated archive": {change(func(r release) {
			r[zipName] = r[zipName][:60]
			r["SHA256SUMS"] = zipLine(r)
		}), unpacked},
		"a damaged program": {change(func(r release) {
			r[zipName] = strings.Replace(r[zipName], "completion", "COMPLETION", 1)
			r["SHA256SUMS"] = zipLine(r)
		}), unpacked},
		"archive absent":                 {change(func(r release) { delete(r, zipName) }), ".zip can't be fetched"},
		"a path upwards":                 {odd(plain("../harm", "x")), name},
		"a path upwards from the top":    {odd(bare("../harm", "x")), name},
		"an absolute path":               {odd(bare("/tmp/harm", "x")), name},
		"a drive":                        {odd(bare("C:/harm", "x")), name},
		"a path upwards with \\":         {odd(plain(`..\harm.exe`, "x")), name},
		"a path within the name":         {odd(plain(`docs\..\..\harm.md`, "x")), name},
		"a file outside the folder":      {odd(bare("README.md", "x")), name},
		"another folder":                 {odd(bare("cgp-cred_1.2.4_windows_amd64/README.md", "x")), name},
		"another file":                   {odd(plain("bin/cgp-cred.exe", "x")), name},
		"another program":                {odd(plain("git.exe", "x")), name},
		"another program's library":      {odd(plain("version.dll", "x")), name},
		"a program of another system":    {odd(plain("cgp-cred", "x")), name},
		"another letter for the dot":     {odd(plain("cgp-credxexe", "x")), name},
		"another case":                   {odd(plain("CGP-CRED.EXE", "x")), name},
		"a line break":                   {odd(plain("README.md\nLICENSE", "x")), name},
		"a space at the end":             {odd(plain("cgp-cred.exe ", "x")), name},
		"a stream of a file":             {odd(plain("cgp-cred.exe:x", "x")), name},
		"a link":                         {odd(link("LICENSE", "/etc/passwd")), kind},
		"a link to the program":          {odd(link("git-credential-cgp.exe", "cgp-cred.exe")), kind},
		"a link with the name of a link": {odd(link("git-credential-cgp -> cgp-cred", "/etc/passwd")), name},
		"a folder":                       {odd(member{header: tar.Header{Name: "docs/", Typeflag: tar.TypeDir}}), kind},
		"two programs":                   {odd(plain("cgp-cred.exe", program)), "one cgp-cred.exe"},
		"two companions":                 {odd(fleet, fleet), "more than one"},
		"no program":                     {none, "one cgp-cred.exe"},
		"a program that does not run": {func(t *testing.T) release {
			return zipped(t, plain("cgp-cred.exe", "#!/bin/sh\nexit 1\n"))
		}, "does not run"},
	}
	for test, c := range tests {
		t.Run(test, func(t *testing.T) {
			t.Parallel()
			m := newMachine(t, "sh")
			prefix := m.offer(c.offer(t))
			m.gitBash()
			m.write(filepath.Join(prefix, "bin", "cgp-cred.exe"), "the program of yesterday")
			for _, given := range []string{prefix, ""} { // into a PREFIX, and by setup
				m.env["PREFIX"] = given
				m.refuses(1, c.stderr)
			}
		})
	}
}

// TestGitBashSignature: the sums are verified as on other systems.
func TestGitBashSignature(t *testing.T) {
	t.Parallel()
	keystoretest.Need(t, "minisign", "minisign")
	public, sign := newKey(t, t.TempDir(), "ours")
	for name, c := range map[string]struct {
		edit func(r release)
		said string
	}{
		"signed":          {func(release) {}, ""},
		"changed sums":    {func(r release) { r["SHA256SUMS"] += "\n" }, "is not by the release's key"},
		"changed archive": {func(r release) { r[zipName] += "x" }, "is not the one in SHA256SUMS"},
		"no signature":    {func(r release) { delete(r, "SHA256SUMS.minisig") }, "SHA256SUMS.minisig can't be fetched"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m := newMachine(t, "sh")
			r := forWindows(t, "1.2.3")
			r["SHA256SUMS.minisig"] = sign(r["SHA256SUMS"])
			c.edit(r)
			prefix := m.offer(r)
			m.gitBash()
			text, err := os.ReadFile(m.script)
			m.must(err)
			m.script = filepath.Join(m.root, "install.sh")
			m.write(m.script, strings.Replace(string(text), "release_key=''", "release_key='"+public+"'", 1))
			if c.said == "" {
				m.want(m.run(), 0)
				m.installedOnWindows(prefix, "1.2.3", windowsNames...)
				return
			}
			m.refuses(1, c.said)
		})
	}
}

// TestGitBashOthersPrograms: pip makes a get_nhs_oauth_token.exe of its own, which stays. A copy of an earlier version,
// which an interrupted upgrade leaves, is replaced.
func TestGitBashOthersPrograms(t *testing.T) {
	t.Parallel()
	eachOf(t, gitShells, func(t *testing.T, m *machine) {
		prefix := m.offer(forWindows(t, "1.2.3"))
		m.gitBash()
		theirs := filepath.Join(prefix, "bin", "get_nhs_oauth_token.exe")
		m.program(theirs, "touch '"+filepath.Join(m.root, "was-run")+"'")
		before := m.snapshot("")
		m.write(filepath.Join(prefix, "bin", "git-credential-cgp.exe"), windowsProgram("1.1.0"))
		m.write(filepath.Join(prefix, "bin", "cgp-cred.exe"), windowsProgram("1.0.0"))

		r := m.run()
		m.want(r, 0)
		if !strings.Contains(r.stderr, theirs+" is another program's") {
			t.Errorf("stderr does not name %s: %s", theirs, r.stderr)
		}
		for _, name := range windowsNames {
			text, err := os.ReadFile(filepath.Join(prefix, "bin", name))
			if (string(text) == windowsProgram("1.2.3")) != (name != filepath.Base(theirs)) {
				t.Errorf("%s: %.80q, %v", name, text, err)
			}
		}
		m.want(m.run("--uninstall"), 0)
		m.sameAs(before)
	})
}

// busy makes mv and rm treat a file as Windows does while it runs: it can be renamed, and neither removed nor replaced.
// It returns a function that ends that.
func (m *machine) busy(path string) (end func()) {
	m.t.Helper()
	running := filepath.Join(m.root, "running")
	m.must(os.Link(path, running))
	for _, name := range []string{"mv", "rm"} {
		usual, err := exec.LookPath(name)
		m.must(err)
		refuse := `[ ! "$path" -ef "` + running + `" ] || { echo "` + name + `: $path: Permission denied" >&2; exit 1; }`
		check := `for path; do :; done; ` + refuse
		if name == "rm" {
			check = `for path; do ` + refuse + `; done`
		}
		m.program(filepath.Join(m.root, "git-bash", name), check+"\nexec '"+usual+"' \"$@\"")
	}
	return func() { m.must(os.Remove(running)) }
}

// TestGitBashRunning: a running program is replaced and removed. Its file goes aside, and is removed later.
func TestGitBashRunning(t *testing.T) {
	t.Parallel()
	eachOf(t, gitShells, func(t *testing.T, m *machine) {
		offered := forWindows(t, "1.2.3")
		prefix := m.offer(offered)
		m.gitBash()
		bin := filepath.Join(prefix, "bin")
		m.want(m.run(), 0)
		aside := func() []string {
			return slices.DeleteFunc(m.names(bin), func(name string) bool { return slices.Contains(windowsNames, name) })
		}
		for i, name := range windowsNames[:2] {
			end := m.busy(filepath.Join(bin, name))
			version := fmt.Sprintf("1.3.%d", i)
			for name, content := range forWindows(t, version) {
				offered[name] = content
			}
			for range 2 { // the second time it still runs
				r := m.run()
				m.want(r, 0)
				if left := aside(); len(left) != 1 || r.stderr != "" {
					t.Errorf("aside: %q; stderr: %s", left, r.stderr)
				}
			}
			end()
			m.unchanged("", func() { m.want(m.run("--uninstall", "--dry-run"), 0) })
			m.want(m.run(), 0)
			m.installedOnWindows(prefix, version, windowsNames...)
		}
		end := m.busy(filepath.Join(bin, "cgp-cred.exe"))
		r := m.run("--uninstall")
		m.want(r, 0)
		left := m.names(bin)
		said := bin + "/cgp-cred.exe is running: it is " + bin + "/" + strings.Join(left, " ") + " now"
		if len(left) != 1 || !strings.Contains(r.stderr, said) {
			t.Errorf("left: %q; stderr: %s", left, r.stderr)
		}
		end()
		m.want(m.run("--uninstall"), 0)
		if left := m.names(bin); len(left) != 0 {
			t.Errorf("left: %q", left)
		}
	})
}

// TestGitBashPutsBack: if a new program can't take its place, the old one is there again.
func TestGitBashPutsBack(t *testing.T) {
	t.Parallel()
	m := newMachine(t, "sh")
	prefix := m.offer(forWindows(t, "1.3.0"))
	m.gitBash()
	path := filepath.Join(prefix, "bin", "cgp-cred.exe")
	m.write(path, "the program of yesterday")
	mv, err := exec.LookPath("mv")
	m.must(err)
	m.program(filepath.Join(m.root, "git-bash", "mv"), `case $3,$4 in *.exe,*/cgp-cred.exe) exit 1 ;; esac
exec '`+mv+`' "$@"`)
	r := m.run()
	m.want(r, 1)
	text, err := os.ReadFile(path)
	if string(text) != "the program of yesterday" || !strings.Contains(r.stderr, "can't be replaced") {
		t.Errorf("%.80q, %v: %s", text, err, r.stderr)
	}
	for _, name := range m.names(filepath.Dir(path)) {
		if strings.HasPrefix(name, ".") {
			t.Errorf("%s is left", name)
		}
	}
}

// TestGitBashCheckout: a checkout is built for Windows, and what Go makes there is known as cgp-cred's.
func TestGitBashCheckout(t *testing.T) {
	t.Parallel()
	eachOf(t, gitShells, func(t *testing.T, m *machine) {
		checkout(t, m)
		built := m.gitBash()
		m.env["GOOS"], m.env["GOARCH"] = "plan9", "mips" // it is for this machine all the same
		m.env["PREFIX"] = `prefix`
		prefix := filepath.Join(m.there, "prefix")
		m.unchanged(built, func() {
			m.want(m.run(), 0)
			m.installedOnWindows(prefix, "stand-in", windowsNames[1:]...)
			m.want(m.run("--uninstall"), 0)
			m.must(os.RemoveAll(prefix))
		})
		program, err := os.ReadFile(filepath.Join(built, "cgp-cred.exe"))
		mark := []byte("cgp-cred/cmd/cgp-cred")
		if err != nil || !bytes.HasPrefix(program, []byte("MZ")) || !bytes.Contains(program, mark) {
			t.Errorf("%.2q, %v", program, err)
		}
		delete(m.env, "PREFIX")
		m.want(m.run(), 0)
		text, err := os.ReadFile(filepath.Join(m.env["PROGRAMS"], "cgp-cred.exe"))
		if string(text) != windowsProgram("stand-in") {
			t.Errorf("%.80q, %v", text, err)
		}
		m.want(m.run("--uninstall"), 0)
	})
}

// TestGitBashMachines: what uname says of a shell that Windows emulates on ARM is not the processor.
func TestGitBashMachines(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ system, machine, identifier, want string }{
		{"MINGW64_NT-10.0-26100", "x86_64", "Intel64 Family 6 Model 85 Stepping 7, GenuineIntel", "windows_amd64.zip"},
		{"MSYS_NT-10.0-26100", "x86_64", "", "windows_amd64.zip"},
		{"CYGWIN_NT-10.0-26100", "x86_64", "", "windows_amd64.zip"},
		{"MINGW64_NT-10.0-26100", "x86_64", "ARMv8 (64-bit) Family 8 Model D4B Revision 0", "windows_arm64.zip"},
		{"MINGW64_NT-10.0-26100-ARM64", "x86_64", "", "windows_arm64.zip"},
		{"MSYS_NT-10.0-26100", "aarch64", "", "windows_arm64.zip"},
		{"MINGW32_NT-6.1", "i686", "x86 Family 6", ""},
		{"Linux", "x86_64", "ARMv8 (64-bit)", "linux_amd64.tar.gz"},
	} {
		m := newMachine(t, "sh")
		m.offer(release{})
		m.gitBash()
		m.env["PROCESSOR_IDENTIFIER"] = c.identifier
		m.uname(c.system, c.machine)
		r := m.run("--dry-run")
		if c.want == "" {
			m.want(r, 1)
		} else if r.code != 0 || !strings.Contains(r.stdout, "cgp-cred_1.2.3_"+c.want+",") {
			t.Errorf("%+v: exit %d, %s%s", c, r.code, r.stdout, r.stderr)
		}
	}
}

// TestGitBashTools: without unzip nothing is fetched.
func TestGitBashTools(t *testing.T) {
	t.Parallel()
	m := newMachine(t, "sh")
	m.offer(forWindows(t, "1.2.3"))
	m.tools(append(releaseTools, "tr")...)
	m.gitBash()
	m.refuses(1, "unzip is not here")
}
