package clients_test

import (
	"os/exec"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"cgp-cred/helper/clients/clientstest"
	"cgp-cred/keystore/keystoretest"
)

// The package's own tests, with a program that plays cgp-cred.
func TestPython(t *testing.T) {
	t.Parallel()
	keystoretest.Require(t, keystoretest.Unix) // a script plays cgp-cred
	cmd := exec.Command(clientstest.Python(t), "-B", "-W", "error::ResourceWarning", "-m", "unittest", "discover",
		"--start-directory", "tests", "--top-level-directory", ".")
	cmd.Dir = "python"
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	ran := regexp.MustCompile(`(?m)^Ran ([0-9]+) tests`).FindSubmatch(out)
	if ran == nil {
		t.Fatalf("it does not say how many tests it ran:\n%s", out)
	}
	if n, err := strconv.Atoi(string(ran[1])); err != nil || n < 100 {
		t.Errorf("%d tests, want all:\n%s", n, out)
	}
	if strings.Contains(string(out), "skipped=") {
		keystoretest.Missing(t, "python3 with aiohttp", "python3-aiohttp")
	}
}
