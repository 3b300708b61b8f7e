package renew_test

import (
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"cgp-cred/helper/renew"
	"cgp-cred/keystore/disk"
	"cgp-cred/keystore/fault"
	"cgp-cred/keystore/keystoretest"
)

// Modes are octal, as people write them; each that would open the token too far, or is no mode, is refused.
func TestModes(t *testing.T) {
	t.Parallel()
	keystoretest.Require(t, keystoretest.Unix)
	path := filepath.Join(t.TempDir(), "token")
	for mode, want := range map[string]fs.FileMode{
		"": 0o600, "0600": 0o600, "600": 0o600, "0o600": 0o600, "400": 0o400, "0640": 0o640, "440": 0o440, "00640": 0o640,
	} {
		f, release, err := renew.Target{Path: path, Mode: mode}.Claim()
		if err != nil || f.Mode != want {
			t.Fatalf("%q: %o, %v", mode, f.Mode, err)
		}
		release()
	}
	for mode, says := range map[string]string{
		"0644": "every user", "0604": "every user", "0666": "every user", "777": "every user", "0641": "every user",
		"0660": "let the group change", "0620": "let the group change",
		"0700": "a program", "0740": "a program", "0650": "a program", "0500": "a program",
		"0040": "keep you from reading", "0": "keep you from reading", "0200": "keep you from reading",
		"4640": "bits that are not", "2640": "bits that are not", "01600": "bits that are not", "177777": "bits that are not",
		"416":     "every user", // decimal for 0640
		"384":     "in octal",   // decimal for 0600
		"u=rw":    "in octal",
		"g+r":     "in octal",
		"rw-":     "in octal",
		"-0640":   "in octal",
		"0x1a0":   "in octal",
		"0640 ":   "in octal",
		"6_40":    "in octal",
		"7777777": "in octal",
		"٦٤٠":     "in octal",
	} {
		_, _, err := renew.Target{Path: path, Mode: mode}.Claim()
		if err == nil || !strings.Contains(err.Error(), says) || fault.ClassOf(err) != fault.Usage ||
			fault.HintOf(err, "") == "" {
			t.Errorf("%q: %v, want %q", mode, err, says)
		}
	}
	for group, says := range map[string]string{
		"no-such-group": "does not have it", "-1": "does not have it", "4294967296": "does not have it",
		"a b": "does not have it", "..": "does not have it", "root:x": "does not have it",
	} {
		_, _, err := renew.Target{Path: path, Mode: "0640", Group: group}.Claim()
		if err == nil || !strings.Contains(err.Error(), says) || fault.HintOf(err, "") == "" {
			t.Errorf("group %q: %v", group, err)
		}
	}
	if _, _, err := (renew.Target{Path: path, Mode: "0600", Group: "0"}).Claim(); err == nil ||
		!strings.Contains(err.Error(), "not 0600") {
		t.Errorf("a group without its bit: %v", err)
	}
}

// A path that can't be meant for a token file is refused, and nothing is changed.
func TestTargetsRefused(t *testing.T) {
	dir := t.TempDir()
	real, err := filepath.EvalSymlinks(dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Chdir(dir)
	own := disk.Folders{Config: filepath.Join(dir, "config", "cgp-cred"), Runtime: filepath.Join(dir, "run", "cgp-cred")}
	for _, folder := range []string{own.Config, own.Runtime, filepath.Join(own.Runtime, "exec-X")} {
		if err := os.MkdirAll(folder, 0o700); err != nil {
			t.Fatal(err)
		}
	}
	for name, text := range map[string]string{
		"key.pem": "-----BEGIN PRIVATE KEY-----\nMIIE\n-----END PRIVATE KEY-----\n", "bundle": "cgpcred1.eyJh\n",
		"api-key": "abcdefghijklmnop\n", "notes": "two words\n", "binary": "\x7fELF\x00", "token": "old-token\n", "empty": "",
	} {
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	inputs := []string{"", "missing", filepath.Join(real, "api-key")}
	for path, says := range map[string]string{
		"-": "is not a file", "": "", "sub/": "names a folder", ".": "is not a regular file", "config": "is not a regular file",
		"sub/token":                     "does not exist",
		"key.pem":                       "does not hold a token",
		"bundle":                        "does not hold a token",
		"notes":                         "does not hold a token",
		"binary":                        "does not hold a token",
		"api-key":                       "is a file that cgp-cred reads",
		"./run/../api-key":              "is a file that cgp-cred reads",
		own.Config + "/token":           "cgp-cred's own",
		own.Runtime + "/exec-X/token":   "cgp-cred's own",
		"run/../config/cgp-cred/x.yaml": "cgp-cred's own",
	} {
		if path == "" || runtime.GOOS == "windows" && strings.Contains(says, "regular") {
			continue
		}
		_, _, err := renew.Target{Path: path, Folders: own, Inputs: inputs}.Claim()
		if err == nil || !strings.Contains(err.Error(), says) || fault.HintOf(err, "") == "" {
			t.Errorf("%q: %v, want %q", path, err, says)
		}
	}
	for _, path := range []string{"token", "empty", "new", filepath.Join(dir, "config", "token"), "./run/token"} {
		_, release, err := renew.Target{Path: path, Folders: own, Inputs: inputs}.Claim()
		if err != nil {
			t.Errorf("%s: %v", path, err)
			continue
		}
		_, _, again := renew.Target{Path: "./run/../" + path, Folders: own}.Claim()
		if !filepath.IsAbs(path) && (again == nil || fault.ClassOf(again) != fault.Temporary) {
			t.Errorf("%s can be claimed twice: %v", path, again)
		}
		release()
		if _, release, err = (renew.Target{Path: path, Folders: own}).Claim(); err != nil {
			t.Errorf("%s can't be claimed after it was released: %v", path, err)
			continue
		}
		release()
	}
	if got, err := os.ReadFile("token"); string(got) != "old-token\n" {
		t.Errorf("%q, %v", got, err)
	}
}
