package clients_test

import (
	"os/exec"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"cgp-cred/keystore/keystoretest"
)

// The package's own tests, with a program that plays cgp-cred.
func TestNode(t *testing.T) {
	t.Parallel()
	keystoretest.Require(t, keystoretest.Unix) // a script plays cgp-cred
	version, err := exec.CommandContext(t.Context(), "node", "--print", "process.versions.node").Output()
	major, _, _ := strings.Cut(string(version), ".")
	if n, _ := strconv.Atoi(major); err != nil || n < 20 {
		keystoretest.Missing(t, "node 20 or later", "nodejs")
	}
	runNode(t, "node", "node", "test/all.js", 70)
}

// runNode runs tests of the package for Node in one process. At least that many must pass.
func runNode(t *testing.T, folder, node, script string, least int) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), node, script)
	cmd.Dir = folder
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	passed := regexp.MustCompile(`(?m)^. pass ([0-9]+)$`).FindSubmatch(out)
	if passed == nil {
		t.Fatalf("it does not say how many tests it ran:\n%s", out)
	}
	if n, err := strconv.Atoi(string(passed[1])); err != nil || n < least {
		t.Errorf("%d tests, want all:\n%s", n, out)
	}
}
