package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

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
