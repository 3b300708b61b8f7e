package main

import (
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"cgp-cred/keystore/keystoretest"
)

// systemd accepts the unit that is installed, and cgp-cred its command line.
func TestSystemdUnit(t *testing.T) {
	t.Parallel()
	name := "cgp-cred-sink@.service"
	text, err := os.ReadFile(filepath.Join("..", "..", "contrib", "systemd", name))
	if err != nil {
		t.Fatal(err)
	}
	const program = "/usr/local/bin/cgp-cred"
	line := regexp.MustCompile(`(?m)^ExecStart=` + program + ` (.+)$`).FindSubmatch(text)
	if line == nil {
		t.Fatal("the unit does not start cgp-cred")
	}
	args := strings.Fields(strings.NewReplacer("%t", "/run", "%i", "int").Replace(string(line[1])))
	root := rootCommand(&app{}, args)
	cmd, rest, err := root.Find(args)
	if err != nil || cmd.Name() != "sink" || cmd.ParseFlags(rest) != nil || cmd.Flags().NArg() > 0 {
		t.Errorf("cgp-cred does not take %q: %v", args, err)
	}
	keystoretest.Require(t, keystoretest.Linux)
	keystoretest.Need(t, "systemd-analyze", "systemd")
	unit := filepath.Join(t.TempDir(), name)
	// It need not be installed here.
	if err := os.WriteFile(unit, []byte(strings.ReplaceAll(string(text), program, "/bin/true")), 0o600); err != nil {
		t.Fatal(err)
	}
	if out, err := exec.Command("systemd-analyze", "verify", "--man=no", unit).CombinedOutput(); err != nil || len(out) > 0 {
		t.Errorf("%v\n%s", err, out)
	}
}

// Tokens that come while the hook runs make it run once more, and never twice at a time. At the end a run that hangs is
// ended.
func TestHookRunsOneAtATime(t *testing.T) {
	t.Parallel()
	keystoretest.Require(t, keystoretest.Unix)
	folder := t.TempDir()
	script := filepath.Join(folder, "hook.sh")
	text := `cd "${0%/*}"
mkdir running || touch overlap
echo run >>runs
[ ! -e hang ] || sleep 1000
while [ ! -e go ]; do sleep 0.05; done
rmdir running`
	if err := os.WriteFile(script, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	at := func(name string) string { return filepath.Join(folder, name) }
	runs := func() int {
		text, _ := os.ReadFile(at("runs")) // absent: none
		return strings.Count(string(text), "run\n")
	}
	until := func(n int) {
		for runs() < n {
			time.Sleep(10 * time.Millisecond)
		}
	}
	touch := func(name string) {
		if err := os.WriteFile(at(name), nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	signals := &caughtSignals{}
	h := startHook(&app{stderr: io.Discard}, []string{"/bin/sh", script}, at("token"))
	h.start()
	until(1)
	for range 5 {
		h.start()
	}
	touch("go")
	h.wait(signals)
	h.stop()
	if _, err := os.Stat(at("overlap")); err == nil || runs() != 2 {
		t.Errorf("%d runs, overlap %v", runs(), err == nil)
	}
	touch("hang")
	h = startHook(&app{stderr: io.Discard}, []string{"/bin/sh", script}, at("token"))
	h.start()
	until(3)
	h.stop()
	none := startHook(&app{stderr: io.Discard}, nil, at("token"))
	none.start()
	none.stop()
}
