package scripttest

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"

	"github.com/rogpeppe/go-internal/testscript"

	"cgp-cred/keystore/keystoretest"
	"cgp-cred/keystore/security/securitytest"
)

// macFiles are source files that a program like that of macOS has instead of those for Linux. Files that call macOS
// itself are not among them. A name in testdata takes the place of a file of the product.
var macFiles = map[string]string{
	"cmd/cgp-cred/exec_linux.go":        "cmd/cgp-cred/exec_nolinux.go",
	"cmd/cgp-cred/gitcaller_linux.go":   "cmd/cgp-cred/gitcaller_other.go",
	"cmd/cgp-cred/tracing_linux.go":     "cmd/cgp-cred/tracing_other.go",
	"helper/notify/monotonic_linux.go":  "helper/notify/monotonic_other.go",
	"keystore/disk/acl_linux.go":        "keystore/disk/acl_other.go",
	"keystore/disk/basefolders_unix.go": "cmd/internal/scripttest/testdata/macfolders.go",
	"keystore/disk/unmapped_linux.go":   "keystore/disk/unmapped_other.go",
	"keystore/kernel/keyring_linux.go":  "keystore/kernel/keyring_other.go",
	"keystore/peer/client_linux.go":     "keystore/peer/client_other.go",
	"keystore/peer/tcp_linux.go":        "keystore/peer/tcp_other.go",
}

// macSettings are variables that the linker sets; FAKE is the fake security's path.
const macSettings = "-s -w -X cgp-cred/helper/records.system=darwin " +
	"-X cgp-cred/helper/renew.system=darwin -X cgp-cred/helper/renew.getconf=/nowhere/getconf " +
	"-X cgp-cred/keystore/keychain.system=darwin -X 'cgp-cred/keystore/keychain.securityPath=FAKE'"

var buildConstraint = regexp.MustCompile(`(?m)^//go:build .*\n`)

// use-mac makes cgp-cred the program of a Mac, as far as Linux can run it: its keychain is a fake security that keeps
// its items in the folder KEYCHAIN, its files are below home/Library, and there is no kernel's keyring. The file
// KEYCHAIN/fault breaks security: see the package securitytest.
func useMac(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) > 0 {
		ts.Fatalf("usage: use-mac")
	}
	u := of(ts)
	keystoretest.Require(u, keystoretest.Linux)
	keychain := u.TempDir() // no-secrets-in-files does not look there
	bin, temporary := ts.MkAbs("mac"), ts.MkAbs("temporary")
	for _, folder := range []string{bin, temporary} {
		ts.Check(os.Mkdir(folder, 0o700))
	}
	program, err := macProgram(u.repository)
	ts.Check(err)
	ts.Check(os.Symlink(program, filepath.Join(bin, "cgp-cred")))
	ts.Setenv("PATH", bin+string(os.PathListSeparator)+ts.Getenv("PATH"))
	ts.Setenv("KEYCHAIN", keychain)
	ts.Setenv(securitytest.Folder, keychain)
	ts.Setenv("TMPDIR", temporary)
	for _, name := range []string{"XDG_CONFIG_HOME", "XDG_STATE_HOME", "XDG_DATA_HOME"} {
		ts.Setenv(name, "")
	}
}

var macBuilt struct {
	sync.Mutex
	program string
}

// macProgram builds the program once for all scripts, next to the programs of the scripts, which are removed at the
// end.
func macProgram(repository string) (string, error) {
	macBuilt.Lock()
	defer macBuilt.Unlock()
	if macBuilt.program != "" {
		return macBuilt.program, nil
	}
	fake, err := exec.LookPath("fake-security")
	if err != nil {
		return "", err
	}
	folder, err := os.MkdirTemp(filepath.Dir(fake), "mac")
	if err != nil {
		return "", err
	}
	replace := map[string]string{
		filepath.Join(repository, "cmd", "cgp-cred", "guarded.go"): filepath.Join(repository, guardFile),
	}
	for linux, other := range macFiles {
		text, err := os.ReadFile(filepath.Join(repository, other))
		if err != nil {
			return "", err
		}
		copied := filepath.Join(folder, strings.ReplaceAll(other, "/", "-"))
		if err := os.WriteFile(copied, buildConstraint.ReplaceAll(text, nil), 0o600); err != nil {
			return "", err
		}
		replace[filepath.Join(repository, linux)] = ""
		replace[filepath.Join(repository, filepath.Dir(linux), "like"+filepath.Base(other))] = copied
	}
	text, err := json.Marshal(map[string]any{"Replace": replace})
	if err != nil {
		return "", err
	}
	overlay := filepath.Join(folder, "overlay.json")
	if err := os.WriteFile(overlay, text, 0o600); err != nil {
		return "", err
	}
	program := filepath.Join(folder, "cgp-cred")
	cmd := exec.Command("go", "build", "-trimpath", "-buildvcs=false", "-overlay", overlay,
		"-ldflags", strings.ReplaceAll(macSettings, "FAKE", fake), "-o", program, "./cmd/cgp-cred")
	cmd.Dir, cmd.Env = repository, append(os.Environ(), "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("building a program like macOS's: %w\n%s", err, out)
	}
	macBuilt.program = program
	return program, nil
}
