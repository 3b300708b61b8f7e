//go:build unix

package keychain_test

import (
	"encoding/json"
	"os"
	"os/exec"
	"strings"
	"testing"
)

// child runs an action in a separate process that has only env.
func child(t *testing.T, action string, env ...string) result {
	t.Helper()
	program, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), program)
	cmd.Env = append([]string{
		"PATH=" + os.Getenv("PATH"), "HOME=" + t.TempDir(), "GORACE=atexit_sleep_ms=0",
		childVariable + "=" + action,
	}, env...)
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("child %s: %v", action, err)
	}
	var r result
	if err := json.Unmarshal(out, &r); err != nil {
		t.Fatalf("child %s: %v: %q", action, err, out)
	}
	return r
}

func expect(t *testing.T, r result, class string, parts ...string) {
	t.Helper()
	if r.Class != class {
		t.Fatalf("%s (%s), want %s", r.Class, r.Message, class)
	}
	for _, p := range parts {
		if !strings.Contains(r.Message+"\n"+r.Hint, p) {
			t.Errorf("%q is missing in: %s (hint: %s)", p, r.Message, r.Hint)
		}
	}
}
