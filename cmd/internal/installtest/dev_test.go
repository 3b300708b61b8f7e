//go:build unix

package installtest

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"cgp-cred/keystore/keystoretest"
)

// fakeGo is a go command whose tests skip something, and run out of time.
const fakeGo = `#!/bin/sh
case $1 in test) ;; build) exit ;; *) echo 0; exit ;; esac
echo "$*" >>"$RECORD"
case "$*" in *./cmd/*) exit ;; esac
printf '%s\t%s\t%s\n' missing samtools TestA missing igv TestB missing igv TestA lacks 'root, to act' TestC lacks 'root, to act' TestC \
	lacks 'root, to act' TestD lacks 'user namespaces' TestD >>"$CGP_CRED_TEST_SKIPPED"
printf 'ok  \tcgp-cred/helper\t1.2s\n'
echo 'a warning' >&2
printf 'panic: test timed out after 1s\n\trunning tests:\n\t\tTestA (1s)\n\t\tTestB/c (1s)\n\ngoroutine 7 [running]:\nmain.f()\n\t/x.go:7\n'
printf 'FAIL\tcgp-cred/keystore\t1.1s\nok  \tcgp-cred/cmd\t2.0s\nFAIL'
exit 1
`

// fakeMachine is a machine whose tools are only these programs, and a folder for what they write down.
func fakeMachine(t *testing.T, shell []string, programs map[string]string) *machine {
	t.Helper()
	m := newMachine(t, shell...)
	bin := filepath.Join(m.root, "fake")
	m.must(os.Mkdir(bin, 0o755))
	for name, text := range programs {
		m.write(filepath.Join(bin, name), text)
		m.must(os.Chmod(filepath.Join(bin, name), 0o755))
	}
	m.env["RECORD"] = filepath.Join(m.root, "record")
	m.env["PATH"] = bin + string(os.PathListSeparator) + m.env["PATH"]
	return m
}

// TestDevTest: .dev/test.sh passes on what go test says, except the stacks of a package that ran out of time, and ends
// with what was not tested.
func TestDevTest(t *testing.T) {
	t.Parallel()
	eachShell(t, func(t *testing.T, m *machine) {
		m = fakeMachine(t, m.shell, map[string]string{"go": fakeGo})
		script, err := filepath.Abs("../../../.dev/test.sh")
		m.must(err)
		for _, c := range []struct{ limit, longer string }{{"", "120m"}, {"90s", "180s"}, {"3h", "6h"}, {"1h30m", "120m"}} {
			m.env["TEST_TIMEOUT"] = c.limit
			limit := c.limit
			if limit == "" {
				limit = "60m"
			}
			r := m.start(append(append([]string{}, m.shell...), script, "-run", "x"), "")
			want := "ok  \tcgp-cred/helper\t1.2s\na warning\nFAIL\tcgp-cred/keystore\t1.1s\nok  \tcgp-cred/cmd\t2.0s\nFAIL\n" +
				"2 tests were skipped: igv, samtools are missing: make deps installs them\n" +
				"2 tests were skipped, or in part: this needs root, to act\n" +
				"1 test was skipped, or in part: this needs user namespaces\n" +
				"out of time: cgp-cred/keystore took longer than " + limit + " (running: TestA (1s), TestB/c (1s)): " +
				"TEST_TIMEOUT=" + c.longer + " make test\n"
			if r.code != 1 || r.stdout != want {
				t.Errorf("TEST_TIMEOUT=%s: exit %d, stdout %s", c.limit, r.code, r.stdout)
			}
			args, err := os.ReadFile(m.env["RECORD"])
			m.must(err)
			if !strings.Contains(string(args), "-timeout "+limit+" -run x ./") {
				t.Errorf("go %s", args)
			}
		}
		if left, err := os.ReadDir(m.tmp); err != nil || len(left) > 0 {
			t.Errorf("%v is left, %v", left, err)
		}
	})
}

// TestDevDeps: .dev/deps.sh installs only what it was told to, by "install" or by CI=true.
func TestDevDeps(t *testing.T) {
	t.Parallel()
	script, err := filepath.Abs("../../../.dev/deps.sh")
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name, ci string
		args     []string
		installs bool
		code     int
		want     string // on stderr
	}{
		{"said", "", []string{"test"}, false, 0, ": sh .dev/deps.sh install test installs them on Debian"},
		{"said of two", "", []string{"test", "lint"}, false, 0, ": sh .dev/deps.sh install test lint installs them on Debian"},
		{"installed", "", []string{"install", "test"}, true, 0, "missing, so the checks that need them are left out: "},
		{"in CI", "true", []string{"test"}, true, 1, "missing, so not everything can be checked: "},
		{"not CI", "false", []string{"test"}, false, 0, "installs them on Debian"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			keystoretest.Require(t, keystoretest.Linux)
			m := fakeMachine(t, []string{"sh"}, map[string]string{
				"apt-get": "#!/bin/sh\necho \"apt-get $*\" >>\"$RECORD\"\n", "sudo": "#!/bin/sh\nshift\nexec \"$@\"\n",
			})
			tools := []string{"sh", "uname", "sort", "tr", "id", "env", "sleep", "true"}
			m.tools(tools...)
			m.env["PATH"] = filepath.Join(m.root, "fake") + string(os.PathListSeparator) + m.env["PATH"]
			m.env["CI"] = c.ci
			r := m.start(append([]string{"sh", script}, c.args...), "")
			if r.code != c.code || !strings.Contains(r.stderr, c.want) {
				t.Errorf("exit %d, want %d; stderr, want %q: %s", r.code, c.code, c.want, r.stderr)
			}
			record, _ := os.ReadFile(m.env["RECORD"]) // absent if apt-get was not run
			if installs := strings.Contains(string(record), " install "); installs != c.installs {
				t.Errorf("apt-get: %s", record)
			}
		})
	}
}
