//go:build unix

package installtest

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"cgp-cred/keystore/keystoretest"
)

// releaseTools are the programs that install.sh needs for a release.
var releaseTools = []string{
	"sh", "dirname", "uname", "tar", "gzip", "awk", "mawk", "sort", "mktemp", "rm", "mv", "ln", "readlink", "chmod", "cat", "mkdir", "sed",
	"grep", "curl", "sha256sum",
}

// TestSignature: a release's install.sh takes only sums that its key has signed, and says so if it can't verify that.
func TestSignature(t *testing.T) {
	t.Parallel()
	keystoretest.Need(t, "minisign", "minisign")
	keys := t.TempDir()
	public, sign := newKey(t, keys, "ours")
	_, signOther := newKey(t, keys, "other")
	signed := func() release {
		r := pack(t, plain("cgp-cred", program))
		r["SHA256SUMS.minisig"] = sign(r["SHA256SUMS"])
		return r
	}
	for _, c := range []struct {
		name   string
		key    string
		edit   func(r release)
		absent bool // minisign
		code   int
		said   string
	}{
		{"signed", public, nil, false, 0, ""},
		{"no key", "", nil, false, 0, "no public key"},
		{"no minisign", public, func(r release) { delete(r, "SHA256SUMS.minisig") }, true, 0, "minisign is not here"},
		{"changed sums", public, func(r release) { r["SHA256SUMS"] += "\n" }, false, 1, "is not by the release's key"},
		{"changed archive", public, func(r release) { r[archiveName] += "x" }, false, 1, "is not the one in SHA256SUMS"},
		{"changed signature", public, func(r release) {
			r["SHA256SUMS.minisig"] = strings.Replace(r["SHA256SUMS.minisig"], "trusted comment: cgp", "trusted comment: xgp", 1)
		}, false, 1, "is not by the release's key"},
		{"another key", public, func(r release) { r["SHA256SUMS.minisig"] = signOther(r["SHA256SUMS"]) }, false, 1, "is not by the release's key"},
		{"a page for the signature", public, func(r release) { r["SHA256SUMS.minisig"] = "<html></html>" }, false, 1, "is not by the release's key"},
		{"no signature", public, func(r release) { delete(r, "SHA256SUMS.minisig") }, false, 1, "SHA256SUMS.minisig can't be fetched"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			m := newMachine(t, "sh")
			r := signed()
			if c.edit != nil {
				c.edit(r)
			}
			prefix := m.offer(r)
			m.tools(releaseTools...)
			if !c.absent {
				path, err := exec.LookPath("minisign")
				m.must(err)
				m.must(os.Symlink(path, filepath.Join(m.env["PATH"], "minisign")))
			}
			text, err := os.ReadFile(m.script)
			m.must(err)
			m.script = filepath.Join(m.root, "install.sh")
			m.write(m.script, strings.Replace(string(text), "release_key=''", "release_key='"+c.key+"'", 1))
			got := m.run()
			m.want(got, c.code)
			if said := got.stdout + got.stderr; !strings.Contains(said, c.said) || c.said == "" && strings.Contains(said, "signature") {
				t.Errorf("want %q: %s", c.said, said)
			}
			if _, err := os.Stat(filepath.Join(prefix, "bin", "cgp-cred")); (err == nil) != (c.code == 0) {
				t.Errorf("the program is there: %v", err == nil)
			}
		})
	}
}

// newKey makes a key pair, and returns the public one and a function that signs a text.
func newKey(t *testing.T, folder, name string) (public string, sign func(text string) string) {
	t.Helper()
	secret := filepath.Join(folder, name+".key")
	minisign := func(args ...string) {
		t.Helper()
		if out, err := exec.CommandContext(t.Context(), "minisign", args...).CombinedOutput(); err != nil {
			t.Fatalf("minisign %q: %v\n%s", args, err, out)
		}
	}
	minisign("-G", "-W", "-p", filepath.Join(folder, name+".pub"), "-s", secret)
	read := func(file string) string {
		t.Helper()
		b, err := os.ReadFile(filepath.Join(folder, file))
		if err != nil {
			t.Fatal(err)
		}
		return string(b)
	}
	var signing sync.Mutex // the texts have one file, one after the other
	return strings.Split(read(name+".pub"), "\n")[1], func(text string) string {
		signing.Lock()
		defer signing.Unlock()
		if err := os.WriteFile(filepath.Join(folder, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		minisign("-S", "-s", secret, "-t", "cgp-cred 1.2.3", "-m", filepath.Join(folder, name))
		return read(name + ".minisig")
	}
}

// TestPackageToo: install.sh says which cgp-cred a package manager has installed, before and after its own on PATH.
func TestPackageToo(t *testing.T) {
	t.Parallel()
	for _, manager := range []string{"dpkg", "rpm", "apk", "pacman", ""} {
		t.Run(manager, func(t *testing.T) {
			t.Parallel()
			m := newMachine(t, "sh")
			prefix := m.offer(pack(t, plain("cgp-cred", program)))
			m.tools(releaseTools...)
			system := filepath.Join(m.root, "system", "cgp-cred")
			m.write(system, program)
			m.must(os.Chmod(system, 0o755))
			if manager != "" {
				m.write(filepath.Join(m.env["PATH"], manager), "#!/bin/sh\ncase $* in *"+system+") echo cgp-cred ;; *) exit 1 ;; esac\n")
				m.must(os.Chmod(filepath.Join(m.env["PATH"], manager), 0o755))
			}
			bin := filepath.Join(prefix, "bin")
			for _, path := range []string{bin + ":" + filepath.Dir(system), filepath.Dir(system) + ":" + bin} {
				tools := m.env["PATH"]
				m.env["PATH"] = path + ":" + tools
				r := m.run()
				m.env["PATH"] = tools
				m.want(r, 0)
				if want := system + " was installed by " + manager + ";"; strings.Contains(r.stderr, want) != (manager != "") {
					t.Errorf("PATH=%s: want %q: %s", path, want, r.stderr)
				}
			}
		})
	}
}
