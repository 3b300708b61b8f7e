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
	shown, err := scripttest.OnTerminal(c.cgp("store", "int", "--host", "int"),
		"see API key\necho off\nbegin half-a-key\npress ^C\nsee nothing was changed")
	var exit *exec.ExitError
	if !errors.As(err, &exit) || !strings.Contains(shown, "interrupted: nothing was changed") ||
		strings.Contains(shown, "context canceled") || strings.Contains(shown, "half") {
		t.Errorf("Ctrl-C: %v, shown: %q", err, shown)
	}
	if _, said, err := c.run("", "get", "int"); err == nil || !strings.Contains(said, "no profile") {
		t.Errorf("after Ctrl-C: %v, %q", err, said)
	}
}

// What is typed at a console is taken and not shown: an API key, and a passphrase. Wine takes keys once the terminal's own
// echo is off.
func TestTyped(t *testing.T) {
	t.Parallel()
	keystoretest.Require(t, keystoretest.Terminal)
	c := start(t)
	c.env = []string{"CGP_CRED_KEYCHAIN_TIMEOUT=15s"}
	const key, passphrase = "api-key-typed-0123456789", "correct horse battery"
	// A question that is not answered ends, and the console does not show what was typed then.
	shown, err := scripttest.OnTerminal(c.cgp("store", "int", "--host", "int", "--keystore", "file"),
		"see API key\necho off\ntype "+key+"\nsee assphrase\ntype "+passphrase+"\nsee Repeat\nbegin correct\nsee in time\nstatus 4")
	var exit *exec.ExitError
	if !errors.As(err, &exit) || strings.Contains(shown, key) || strings.Contains(shown, "correct") {
		t.Errorf("%v, shown: %q", err, shown)
	}
	for _, step := range []struct {
		args     []string
		dialogue string
	}{
		{
			[]string{"store", "int", "--host", "int", "--keystore", "file"},
			"see API key\necho off\ntype " + key + "\nsee assphrase\ntype " + passphrase + "\nsee Repeat\ntype " + passphrase +
				"\nsee stored",
		},
		{[]string{"get", "int", "--format", "json"}, "see assphrase\necho off\ntype " + passphrase + "\nsee " + key},
	} {
		shown, err := scripttest.OnTerminal(c.cgp(step.args...), step.dialogue)
		if err != nil || strings.Contains(shown, passphrase) || strings.Contains(shown, key) != (step.args[0] == "get") {
			t.Errorf("%v: %v, shown: %q", step.args, err, shown)
		}
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
