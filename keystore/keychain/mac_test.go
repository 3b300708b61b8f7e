//go:build unix

package keychain_test

import (
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"cgp-cred/keystore/keychain"
	"cgp-cred/keystore/keystoretest"
	"cgp-cred/keystore/security/securitytest"
)

// mac returns a macOS keychain's environment for children, its program, and the folder of its items.
func mac(t *testing.T) (env, program, folder string) {
	t.Helper()
	folder = t.TempDir()
	program = securitytest.Program(t, folder)
	return macVariable + "=" + program, program, folder
}

func TestMacContract(t *testing.T) {
	_, program, _ := mac(t)
	defer keychain.UseSecurity(program)()
	keystoretest.Contract(t, keychain.New(keychain.Options{}))
	if name, err := keychain.Provider(t.Context()); err != nil || name != "the macOS keychain" {
		t.Errorf("%q, %v", name, err)
	}
}

func TestMacKeepsARecord(t *testing.T) {
	t.Parallel()
	env, _, _ := mac(t)
	expect(t, child(t, "save", env), "ok")
	expect(t, child(t, "load", env), "ok")
	expect(t, child(t, "delete", env), "ok")
	expect(t, child(t, "get", env), "not found")
}

// What fails says what to do, and what only pretends to succeed is found out.
func TestMacFails(t *testing.T) {
	t.Parallel()
	for how, want := range map[string]struct{ action, class, says string }{
		"status 36":  {"get", "locked", "security unlock-keychain"},
		"status 45":  {"set", "unavailable", "another item"},
		"status 51":  {"get", "denied", "security unlock-keychain"},
		"status 128": {"get", "denied", "prompt was cancelled"},
		"status 152": {"set", "denied", "security unlock-keychain"},
		"status 195": {"set", "denied", "can't be written"},
		"silent":     {"set", "corrupt", "another value"},
		"long":       {"load", "corrupt", "64 KiB"},
	} {
		env, _, folder := mac(t)
		fails(t, folder, how)
		expect(t, child(t, want.action, env), want.class, want.says)
	}
}

func fails(t *testing.T, folder, how string) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(folder, securitytest.Fault), []byte(how), 0o600); err != nil {
		t.Fatal(err)
	}
}

// A dialog that no user answers ends with the command's deadline, which says so; no process stays, and a second call
// of the command waits no second deadline.
func TestMacDialog(t *testing.T) {
	t.Parallel()
	env, _, folder := mac(t)
	fails(t, folder, "hang")
	for action, says := range map[string]string{
		"get": "waited 1s", "set": "it may have been stored", "delete": "it may have been deleted",
	} {
		expect(t, child(t, action, env, "CGP_CRED_KEYCHAIN_TIMEOUT=1s"), "timeout", says)
	}
	expect(t, child(t, "get", env, "CGP_CRED_KEYCHAIN_TIMEOUT=1s", "SSH_TTY=/dev/pts/1"), "timeout",
		"security unlock-keychain")
	expect(t, child(t, "cancel", env), "cancelled")
	text, err := os.ReadFile(filepath.Join(folder, "pids"))
	if err != nil {
		t.Fatal(err)
	}
	for _, word := range strings.Fields(string(text)) {
		if pid, err := strconv.Atoi(word); err != nil || syscall.Kill(pid, 0) == nil {
			t.Errorf("process %s is still there", word)
		}
	}
}
