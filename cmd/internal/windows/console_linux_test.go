package windows

import (
	"errors"
	"os/exec"
	"strings"
	"testing"

	"cgp-cred/cmd/internal/scripttest"
	"cgp-cred/keystore/keystoretest"
)

// Ctrl-C at the question of a real console says in one line that nothing was changed.
func TestConsole(t *testing.T) {
	t.Parallel()
	keystoretest.Require(t, keystoretest.Terminal)
	c := start(t)
	shown, err := scripttest.OnTerminal(c.cgp("store", "int", "--host", "int"), "see API key\npress ^C\nsee nothing was changed")
	var exit *exec.ExitError
	if !errors.As(err, &exit) || !strings.Contains(shown, "interrupted: nothing was changed") ||
		strings.Contains(shown, "context canceled") {
		t.Errorf("Ctrl-C: %v, shown: %q", err, shown)
	}
	if _, said, err := c.run("", "get", "int"); err == nil || !strings.Contains(said, "no profile") {
		t.Errorf("after Ctrl-C: %v, %q", err, said)
	}
}

// However early a process is killed, the profile is there as before or as after.
func TestKilled(t *testing.T) {
	t.Parallel()
	c := start(t)
	const before, after = "api-key-before-0123456789", "api-key-after-01234567890"
	store := func(key string) *exec.Cmd {
		cmd := c.cgp("store", "int", "--host", "int", "--force", "--api-key-file", "-")
		cmd.Stdin = strings.NewReader(key)
		return cmd
	}
	if err := store(before).Run(); err != nil {
		t.Fatal(err)
	}
	key := before
	for i := range 12 {
		next := after
		if key == after {
			next = before
		}
		killAfter(t, store(next), i)
		out, said, err := c.run("", "get", "int")
		switch {
		case err == nil && strings.Contains(out, next):
			key = next
		case err != nil || !strings.Contains(out, key):
			t.Fatalf("killed %d: %v, %q, %q", i, err, out, said)
		}
	}
}
