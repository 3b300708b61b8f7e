package windows

import (
	"archive/zip"
	"bytes"
	"crypto/sha256"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"cgp-cred/keystore/keystoretest"
)

// TestGitBash: install.sh in Git Bash has the program install, upgrade and remove itself, as it is shipped, while it
// runs. The shell is one of this machine, which starts no Windows program by its name: each that is compiled or copied
// is replaced by a script that runs it with wine.
func TestGitBash(t *testing.T) {
	t.Parallel()
	c := start(t)
	for _, name := range []string{"curl", "unzip"} {
		keystoretest.Need(t, name, name)
	}
	folder := filepath.Dir(c.prefix)
	home, kept, tools := filepath.Join(folder, "home"), filepath.Join(folder, "kept"), filepath.Join(folder, "tools")
	wrapper := func(program string) string {
		return "#!/bin/sh\n# cgp-cred/cmd/cgp-cred\nexec sh '" + c.script + "' '" + program + "' \"$@\"\n"
	}
	wrap := `
PATH=/usr/bin:/bin
for to; do [ "${from:-}" != -o ] || break; from=$to; done
mv "$to" '` + kept + `' && cp '` + kept + `'/wrapper-"${to##*/}" "$to"`
	for name, text := range map[string]string{
		"tools/uname": `case $1 in -s) echo MINGW64_NT-10.0-26100 ;; *) echo x86_64 ;; esac`,
		"tools/cygpath": `case $2 in
'C:\'*) printf '%s\n' "` + c.prefix + `/drive_c${2#C:}" | tr '\\' / ;;
*) printf '%s\n' "$2" ;;
esac`,
		"tools/go":                        "GOOS=windows GOARCH=amd64 " + found(t, "go") + ` "$@" || exit` + wrap,
		"tools/cp":                        found(t, "cp") + ` "$@" || exit` + wrap,
		"kept/wrapper-cgp-cred.exe":       wrapper(filepath.Join(kept, "cgp-cred.exe")),
		"kept/wrapper-cgp-cred-fleet.exe": wrapper(filepath.Join(kept, "cgp-cred-fleet.exe")),
		"home/.profile":                   "",
	} {
		path := filepath.Join(folder, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte("#!/bin/sh\n"+strings.TrimPrefix(text, "#!/bin/sh\n")+"\n"), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	caches, err := exec.Command("go", "env", "GOCACHE", "GOMODCACHE").Output()
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(string(caches), "\n")
	env := append(os.Environ(), "WINEPREFIX="+c.prefix, "PATH="+tools+":"+os.Getenv("PATH"), "HOME="+home, "PREFIX=",
		"GOCACHE="+lines[0], "GOMODCACHE="+lines[1], `LOCALAPPDATA=C:\users\wine\AppData\Local`)
	script := filepath.Join(filepath.Dir(filepath.Dir(c.script)), "install.sh")
	install := func(want string, args ...string) {
		t.Helper()
		cmd := exec.Command("sh", append([]string{script}, args...)...)
		cmd.Dir, cmd.Env = folder, env
		out, err := os.Create(filepath.Join(folder, "said")) // wineserver would keep a pipe open
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = out.Close() }()
		cmd.Stdout, cmd.Stderr = out, out
		err = cmd.Run()
		said, readErr := os.ReadFile(out.Name())
		if err != nil || readErr != nil || !strings.Contains(string(said), want) {
			t.Fatalf("%q: %v, %v, want %q\n%s", args, err, readErr, want, said)
		}
	}
	programs := filepath.Join(c.prefix, "drive_c", "users", "wine", "AppData", "Local", "Programs", "cgp-cred")
	onPath := func() bool {
		t.Helper()
		out, err := c.wine("reg", "query", `HKCU\Environment`).Output()
		if err != nil {
			t.Fatal(err)
		}
		return strings.Contains(string(out), `\Programs\cgp-cred`)
	}
	version := func() string {
		t.Helper()
		out, err := c.wine(filepath.Join(programs, "git-credential-cgp.exe"), "--version").Output()
		if err != nil {
			t.Fatal(err)
		}
		return string(out)
	}

	install("installed cgp-cred in ")
	names := func() (names []string) {
		entries, _ := os.ReadDir(programs)
		for _, e := range entries {
			names = append(names, e.Name())
		}
		return names
	}
	all := []string{"cgp-cred-fleet.exe", "cgp-cred.exe", "get_nhs_oauth_token.exe", "git-credential-cgp.exe"}
	if got := names(); !slices.Equal(got, all) || !onPath() {
		t.Errorf("installed %q, on PATH: %t", got, onPath())
	}
	completion := filepath.Join(home, ".local", "share", "bash-completion", "completions", "cgp-cred")
	if text, err := os.ReadFile(completion); err != nil || !bytes.Contains(text, []byte("__start_cgp-cred")) {
		t.Errorf("completion: %.80q, %v", text, err)
	}
	first := version()

	running := &computer{script: c.script, program: filepath.Join(programs, "cgp-cred.exe"), prefix: c.prefix}
	host := running.simulate(t)
	release := filepath.Join(folder, "release", "cgp-cred.exe")
	build := exec.Command("go", "build", "-trimpath", "-ldflags=-s -w -X main.version=9.9.9", "-buildvcs=false",
		"-o", release, "./cmd/cgp-cred")
	build.Dir, build.Env = filepath.Dir(script), append(os.Environ(), "GOOS=windows", "GOARCH=amd64", "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	server := httptest.NewServer(serve(t, wrapper(release)))
	t.Cleanup(server.Close)
	install("installed cgp-cred in ", "--version", "9.9.9", "--base-url", server.URL)
	if got := version(); got == first || !strings.Contains(got, "9.9.9") {
		t.Errorf("after the upgrade it is %s, and was %s", got, first)
	}
	if got := names(); !slices.Equal(got, all) {
		t.Errorf("after the upgrade there are %q", got)
	}
	install("installed cgp-cred in ")
	if got := version(); got != first {
		t.Errorf("after the downgrade it is %s, and was %s", got, first)
	}
	c.must(t, "keygen", "sim", "--host", host, "--kid", "sim-1", "--bits", "2048", "--api-key-file", "-",
		"--out", "jwks.json")
	c.must(t, "get", "sim") // from the one that still runs

	install("removed cgp-cred from ", "--uninstall")
	if left := names(); len(left) != 0 || onPath() {
		t.Errorf("left: %q, on PATH: %t", left, onPath())
	}
	if _, err := os.Stat(completion); err == nil {
		t.Error("the completion is left")
	}
}

// serve offers a release 9.9.9 with a program.
func serve(t *testing.T, program string) http.Handler {
	t.Helper()
	const top = "cgp-cred_9.9.9_windows_amd64"
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	h := &zip.FileHeader{Name: top + "/cgp-cred.exe"}
	h.SetMode(0o755)
	f, err := w.CreateHeader(h)
	if err == nil {
		_, err = f.Write([]byte(program))
	}
	if err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	sums := fmt.Sprintf("%x  %s.zip\n", sha256.Sum256(b.Bytes()), top)
	mux := http.NewServeMux()
	mux.HandleFunc("/SHA256SUMS", func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte(sums)) })
	mux.HandleFunc("/"+top+".zip", func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(b.Bytes()) })
	return mux
}

// found is the path of a program of this machine.
func found(t *testing.T, program string) string {
	t.Helper()
	path, err := exec.LookPath(program)
	if err != nil {
		t.Fatal(err)
	}
	return path
}
