package keystoretest

import (
	"os"
	"os/exec"
	"runtime"
	"slices"
	"strings"
	"testing"
)

// SkippedVariable names a file that lists what was not tested. Each line has three fields with tabs between them:
// "missing" or "lacks", the missing program or [Facility], and the test.
const SkippedVariable = "CGP_CRED_TEST_SKIPPED"

// Need skips the test if a program is missing, and names its Debian package. In CI the test fails.
func Need(t testing.TB, program, pkg string) {
	t.Helper()
	if runtime.GOOS == "windows" && slices.Contains([]string{"bash", "sh", "perl"}, program) {
		Cannot(t, program+" as on Unix: those of Git Bash and WSL see other paths than the tests do")
	}
	if _, err := exec.LookPath(program); err != nil {
		Missing(t, program, pkg)
	}
}

// Missing skips a test that needs a program of a Debian package. In CI the test fails, but not on Windows, which has no
// such packages.
func Missing(t testing.TB, what, pkg string) {
	t.Helper()
	if runtime.GOOS == "windows" {
		Cannot(t, what+", which this Windows lacks")
	}
	if os.Getenv("CI") == "true" {
		t.Fatalf("%s is missing: make deps installs it (package %s)", what, pkg)
	}
	note(t, "missing", what)
	t.Skipf("%s is missing: make deps installs it (package %s)", what, pkg)
}

// Cannot skips a test that needs something that no package installs, such as "root, to act as another user".
func Cannot(t testing.TB, needs string) {
	t.Helper()
	note(t, "lacks", needs)
	t.Skip("this needs " + needs)
}

// note adds a line to the file of skips. Each line is one write, so lines of several processes don't mix.
func note(t testing.TB, kind, what string) {
	name := os.Getenv(SkippedVariable)
	if name == "" {
		return
	}
	f, err := os.OpenFile(name, os.O_WRONLY|os.O_APPEND, 0)
	if err != nil {
		t.Logf("the list of skipped tests: %v", err)
		return
	}
	_, _ = f.WriteString(kind + "\t" + strings.ReplaceAll(what, "\n", " ") + "\t" + t.Name() + "\n")
	_ = f.Close()
}
