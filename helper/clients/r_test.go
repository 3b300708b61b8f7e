package clients_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"testing"

	"cgp-cred/keystore/keystoretest"
)

// The part of the package's own tests that needs only base R, from its source.
func TestR(t *testing.T) {
	t.Parallel()
	keystoretest.Require(t, keystoretest.Unix) // a script plays cgp-cred
	keystoretest.Need(t, "Rscript", "r-base-core")
	cmd := exec.CommandContext(t.Context(), "Rscript", "--vanilla", "core.R")
	cmd.Dir = filepath.Join("r", "cgpcred", "tests")
	cmd.Env = append(os.Environ(), "CGPCRED_SOURCE=../R", "CGPCRED_RULES="+rules(t))
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	allRan(t, out, 350)
}

// rules returns the path of the rules that all languages share.
func rules(t *testing.T) string {
	t.Helper()
	path, err := filepath.Abs(filepath.Join("testdata", "rules.json"))
	if err != nil {
		t.Fatal(err)
	}
	return path
}

// allRan fails if the output of a test in R says that it made fewer checks than least, or no number.
func allRan(t *testing.T, out []byte, least int) {
	t.Helper()
	ran := regexp.MustCompile(`(?m)^Ran ([0-9]+) checks`).FindSubmatch(out)
	if ran == nil {
		t.Fatalf("it does not say how many checks it made:\n%s", out)
	}
	if n, err := strconv.Atoi(string(ran[1])); err != nil || n < least {
		t.Errorf("%d checks, want all:\n%s", n, out)
	}
}
