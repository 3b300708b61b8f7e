//go:build unix

package security_test

import (
	"context"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"cgp-cred/keystore"
	"cgp-cred/keystore/fault"
	"cgp-cred/keystore/keystoretest"
	"cgp-cred/keystore/security"
	"cgp-cred/keystore/security/securitytest"
)

func TestMain(m *testing.M) {
	if securitytest.IsChild() {
		os.Exit(securitytest.Run())
	}
	os.Exit(keystoretest.Main(m))
}

// rig returns a keychain, and the folder of its items.
func rig(t *testing.T) (k security.Keychain, folder string) {
	t.Helper()
	folder = t.TempDir()
	return security.Keychain{Program: securitytest.Program(t, folder)}, folder
}

func breakIt(t *testing.T, folder, how string) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(folder, securitytest.Fault), []byte(how), 0o600); err != nil {
		t.Fatal(err)
	}
}

// What go-keyring has written is read, in each of its encodings, and what is written is as go-keyring writes it.
func TestGoKeyringsEncodings(t *testing.T) {
	t.Parallel()
	k, _ := rig(t)
	const value = `{"v":1,"api_key":"it's \"quoted\" \\ "}`
	add := func(text string) {
		t.Helper()
		if out, err := exec.CommandContext(t.Context(), k.Program, "add-generic-password", "-U", "-s", "cgp-cred",
			"-a", "int", "-w", text).CombinedOutput(); err != nil {
			t.Fatalf("%v: %s", err, out)
		}
	}
	for name, text := range map[string]string{
		"base64": "go-keyring-base64:" + base64.StdEncoding.EncodeToString([]byte(value)),
		"hex":    "go-keyring-encoded:" + hex.EncodeToString([]byte(value)),
		"plain":  value,
	} {
		add(text)
		if got, err := k.Get(t.Context(), "int"); err != nil || got != value {
			t.Errorf("%s: %q, %v", name, got, err)
		}
	}
	for _, text := range []string{"go-keyring-base64:a", "go-keyring-encoded:xyz"} {
		add(text)
		if got, err := k.Get(t.Context(), "int"); !errors.Is(err, keystore.ErrCorrupt) || got != "" {
			t.Errorf("%s: %q, %v", text, got, err)
		}
	}
	if err := k.Set(t.Context(), "int", value); err != nil {
		t.Fatal(err)
	}
	out, err := exec.CommandContext(t.Context(), k.Program, "find-generic-password", "-s", "cgp-cred", "-wa", "int").Output()
	if want := "go-keyring-base64:" + base64.StdEncoding.EncodeToString([]byte(value)) + "\n"; err != nil || string(out) != want {
		t.Errorf("stored %q, %v", out, err)
	}
}

// The longest line that security reads as one is stored, and one byte more is refused before anything is.
func TestLongestLine(t *testing.T) {
	t.Parallel()
	k, _ := rig(t)
	stored := 0
	for n := 2900; n < 3100; n++ {
		switch err := k.Set(t.Context(), "int", strings.Repeat("a", n)); {
		case err == nil:
			stored = n
		case !errors.Is(err, keystore.ErrTooBig):
			t.Fatalf("%d: %v", n, err)
		default:
			n = 3100
		}
		if stored == 2900 {
			n = 2990 // near the limit: every start of a process takes time
		}
	}
	if got, err := k.Get(t.Context(), "int"); err != nil || len(got) != stored || stored < keystore.MaxValue {
		t.Errorf("%d bytes came back of %d, %v", len(got), stored, err)
	}
}

// Each status has its kind, a text of its own and a hint, and its class is that of exit 4; only a missing item is
// none.
func TestStatuses(t *testing.T) {
	t.Parallel()
	texts := make(map[string]int)
	for status, want := range map[int]error{
		2: keystore.ErrUnavailable, 36: keystore.ErrLocked, 37: keystore.ErrUnavailable, 44: keystore.ErrNotFound,
		45: keystore.ErrUnavailable, 49: keystore.ErrUnavailable, 50: keystore.ErrUnavailable,
		51: keystore.ErrDenied, 52: keystore.ErrDenied, 53: keystore.ErrUnavailable, 128: keystore.ErrDenied,
		152: keystore.ErrDenied, 153: keystore.ErrLocked, 154: keystore.ErrDenied, 155: keystore.ErrDenied,
		161: keystore.ErrDenied, 162: keystore.ErrUnavailable, 173: keystore.ErrDenied, 195: keystore.ErrDenied,
		1: keystore.ErrUnavailable, 99: keystore.ErrUnavailable,
	} {
		k, folder := rig(t)
		breakIt(t, folder, "status "+strconv.Itoa(status))
		_, get := k.Get(t.Context(), "int")
		for op, err := range map[string]error{
			"get": get, "set": k.Set(t.Context(), "int", "hidden-value"), "delete": k.Delete(t.Context(), "int"),
		} {
			class := fault.Keystore
			if status == 44 {
				class = fault.None
			}
			if !errors.Is(err, want) || fault.ClassOf(err) != class || fault.HintOf(err, "") == "" {
				t.Errorf("%s, %d: %v, hint %q", op, status, err, fault.HintOf(err, ""))
			}
		}
		texts[get.Error()]++
	}
	for text, n := range texts {
		if n > 1 && !strings.Contains(text, "its password in this session") && !strings.Contains(text, "was cancelled") {
			t.Errorf("%d statuses have the text %q", n, text)
		}
	}
}

// A warning on stderr is not part of a value, and what stderr says of a line with a secret is not shown.
func TestNoise(t *testing.T) {
	t.Parallel()
	k, folder := rig(t)
	breakIt(t, folder, "noise")
	if err := k.Set(t.Context(), "int", "value"); err != nil {
		t.Fatal(err)
	}
	if got, err := k.Get(t.Context(), "int"); err != nil || got != "value" {
		t.Errorf("%q, %v", got, err)
	}
	breakIt(t, folder, "long")
	if _, err := k.Get(t.Context(), "int"); !errors.Is(err, keystore.ErrCorrupt) {
		t.Errorf("too much output: %v", err)
	}
	breakIt(t, folder, "status 99")
	if err := k.Set(t.Context(), "int", "value"); strings.Contains(err.Error(), "says the fake") {
		t.Errorf("stderr of set is shown: %v", err)
	}
	if _, err := k.Get(t.Context(), "int"); !strings.Contains(err.Error(), "says the fake") {
		t.Errorf("stderr of get is not shown: %v", err)
	}
}

// A dialog that no user answers is ended at the deadline, and when the caller gives up, and leaves no process.
func TestDeadlineLeavesNoProcess(t *testing.T) {
	t.Parallel()
	k, folder := rig(t)
	breakIt(t, folder, "hang")
	for name, run := range map[string]func(context.Context) error{
		"get":    func(ctx context.Context) error { _, err := k.Get(ctx, "int"); return err },
		"set":    func(ctx context.Context) error { return k.Set(ctx, "int", "value") },
		"delete": func(ctx context.Context) error { return k.Delete(ctx, "int") },
	} {
		ctx, stop := context.WithCancel(t.Context())
		go func() { // gives up when the process is there
			for ctx.Err() == nil {
				if hanging, _ := os.ReadFile(filepath.Join(folder, "hanging")); len(hanging) > 0 {
					stop()
				}
				time.Sleep(5 * time.Millisecond)
			}
		}()
		if err := run(ctx); !errors.Is(err, context.Canceled) {
			t.Errorf("%s: %v", name, err)
		}
		gone(t, folder)
		late, end := context.WithTimeout(t.Context(), 300*time.Millisecond)
		if err := run(late); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("%s: %v", name, err)
		}
		end()
		gone(t, folder)
	}
}

// gone checks that no process of the program is there any more, and forgets them.
func gone(t *testing.T, folder string) {
	t.Helper()
	path := filepath.Join(folder, "pids")
	text, _ := os.ReadFile(path)
	for _, word := range strings.Fields(string(text)) {
		pid, err := strconv.Atoi(word)
		if err != nil {
			t.Fatal(err)
		}
		if err := syscall.Kill(pid, 0); !errors.Is(err, syscall.ESRCH) {
			t.Errorf("process %d is still there: %v", pid, err)
		}
	}
	for _, file := range []string{"pids", "hanging"} {
		if err := os.Remove(filepath.Join(folder, file)); err != nil && !errors.Is(err, os.ErrNotExist) {
			t.Fatal(err)
		}
	}
}

// Fifty callers at once each get their own item.
func TestFiftyAtOnce(t *testing.T) {
	t.Parallel()
	k, folder := rig(t)
	var all sync.WaitGroup
	for n := range 50 {
		all.Go(func() {
			account, value := "p"+strconv.Itoa(n), "value "+strconv.Itoa(n)
			if err := k.Set(t.Context(), account, value); err != nil {
				t.Errorf("%d: %v", n, err)
			}
			if got, err := k.Get(t.Context(), account); err != nil || got != value {
				t.Errorf("%d: %q, %v", n, got, err)
			}
		})
	}
	all.Wait()
	gone(t, folder)
}

// A program that is not there, can't be run or is killed is a keychain that can't be used.
func TestProgramThatFails(t *testing.T) {
	t.Parallel()
	killed := filepath.Join(t.TempDir(), "killed")
	if err := os.WriteFile(killed, []byte("#!/bin/sh\nkill -9 $$\n"), 0o700); err != nil {
		t.Fatal(err)
	}
	for path, says := range map[string]string{
		"/nowhere/security": "could not be run: no such file or directory", t.TempDir(): "permission denied",
		killed: "signal: killed",
	} {
		_, err := security.Keychain{Program: path}.Get(t.Context(), "int")
		if !errors.Is(err, keystore.ErrUnavailable) || !strings.Contains(err.Error(), says) || fault.HintOf(err, "") == "" {
			t.Errorf("%s: %v", path, err)
		}
	}
}

// The command gets no variable that may hold a secret, and no value in its arguments.
func TestSecretsGoThroughStdin(t *testing.T) {
	folder := t.TempDir()
	program, seen := filepath.Join(folder, "security"), filepath.Join(folder, "seen")
	text := "#!/bin/sh\n{ echo \"$@\"; env; } >>" + seen + "; cat >/dev/null; exit 44\n"
	if err := os.WriteFile(program, []byte(text), 0o700); err != nil {
		t.Fatal(err)
	}
	t.Setenv("CGP_CRED_API_KEY", "hidden-api-key")
	if err := (security.Keychain{Program: program}).Set(t.Context(), "int", "hidden-value"); !errors.Is(err, keystore.ErrNotFound) {
		t.Errorf("%v", err)
	}
	got, err := os.ReadFile(seen)
	if encoded := base64.StdEncoding.EncodeToString([]byte("hidden-value")); err != nil ||
		!strings.HasPrefix(string(got), "-i\n") || strings.Contains(string(got), "hidden") ||
		strings.Contains(string(got), encoded) {
		t.Errorf("%s, %v", got, err)
	}
}
