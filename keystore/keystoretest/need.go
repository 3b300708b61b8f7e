package keystoretest

import (
	"os"
	"os/exec"
	"strings"
	"testing"
)

// SkippedVariable names a file to which each missing program is appended, a line each: what is missing, a tab, the test.
const SkippedVariable = "CGP_CRED_TEST_SKIPPED"

// Need skips the test if a program is missing, and names its Debian package. In CI the test fails.
func Need(t testing.TB, program, pkg string) {
	t.Helper()
	if _, err := exec.LookPath(program); err != nil {
		Missing(t, program, pkg)
	}
}

// Missing skips a test that needs what Debian's package pkg has. In CI the test fails.
func Missing(t testing.TB, what, pkg string) {
	t.Helper()
	if os.Getenv("CI") == "true" {
		t.Fatalf("%s is missing: apt-get install %s", what, pkg)
	}
	note(what+" (package "+pkg+")", t.Name())
	t.Skipf("%s is missing: apt-get install %s", what, pkg)
}

// Cannot skips a test that this machine does not allow, such as one that needs root, and says why.
func Cannot(t testing.TB, why string) {
	t.Helper()
	note(why, t.Name())
	t.Skip(why)
}

// note appends a line to the file of skips. Each line is one write, so those of several processes don't mix.
func note(what, test string) {
	name := os.Getenv(SkippedVariable)
	if name == "" {
		return
	}
	f, err := os.OpenFile(name, os.O_WRONLY|os.O_APPEND, 0)
	if err != nil {
		return
	}
	_, _ = f.WriteString(strings.ReplaceAll(what, "\n", " ") + "\t" + test + "\n")
	_ = f.Close()
}
