//go:build unix

package installtest

import (
	"maps"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"cgp-cred/keystore/keystoretest"
)

// step is one of a job of a workflow, or of an action.
type step struct {
	Name, Run, Shell, If string
	Env                  map[string]string
}

// ciSteps are those of ci.yml that run on macOS and Windows.
func ciSteps(t *testing.T) []step {
	t.Helper()
	var workflow struct {
		Jobs map[string]struct{ Steps []step }
	}
	readGitHub(t, "workflows/ci.yml", &workflow)
	return slices.DeleteFunc(workflow.Jobs["portable"].Steps, func(s step) bool { return s.Run == "" })
}

// TestPortableSteps runs the steps of CI that are for other systems, as a runner does: in a checkout, with a keychain of
// its own. Those that run all tests get a go that only says what it is to do, and another system, which has no wine.
func TestPortableSteps(t *testing.T) {
	t.Parallel()
	keystoretest.Need(t, "bash", "bash")
	k := keystoretest.StartKeyring(t)
	m := newMachine(t, "sh")
	m.copyRepository()
	m.goCaches()
	for _, v := range k.Env {
		name, value, _ := strings.Cut(v, "=")
		m.env[name] = value
	}
	m.env["RUNNER_TEMP"] = m.tmp
	fake := filepath.Join(m.root, "fake")
	m.program(filepath.Join(fake, "go"), `[ "$1" = env ] && { echo 0; exit; }; echo "go $*"`)
	m.program(filepath.Join(fake, "uname"), "echo Darwin arm64")
	said := map[string]string{
		"Vet":                            "go vet ./...\n",
		"Test":                           "./cmd/cgp-cred ./cmd/cgp-cred-fleet ./cmd/internal/...\n",
		"Demo":                           "\nNow with your own key:\n",
		"Build":                          "",
		"A key in the runner's keychain": "\nstory: done\n",
		"Install and remove":             "\nremoved ",
	}
	ran := make(map[string]bool)
	for _, s := range ciSteps(t) {
		if s.Shell == "cmd" {
			continue
		}
		part, ok := said[s.Name]
		if !ok {
			t.Errorf("step %q is not tested", s.Name)
			continue
		}
		given := maps.Clone(s.Env)
		if s.Name == "Vet" || s.Name == "Test" {
			given = map[string]string{"PATH": fake + ":" + m.env["PATH"]}
		}
		if r := m.step(s, given); r.code != 0 || !strings.Contains(r.stdout, part) {
			t.Fatalf("step %q: exit %d, want %q in stdout\nstdout: %s\nstderr: %s", s.Name, r.code, part, r.stdout, r.stderr)
		}
		ran[s.Name] = true
	}
	if len(ran) != len(said) {
		t.Errorf("these steps were run: %v", slices.Sorted(maps.Keys(ran)))
	}
	if n := k.Items(t, "cgp-cred", "cgp-cred-story"); n != 0 {
		t.Errorf("the keychain has %d items of the story", n)
	}
}

// copyRepository makes the machine's current folder a copy of what this repository has to build and install.
func (m *machine) copyRepository() {
	m.t.Helper()
	args := []string{"-R", "--"}
	for _, name := range []string{"cmd", "helper", "keystore", "contrib", "docs", "go.mod", "go.sum", "install.sh", ".dev"} {
		args = append(args, filepath.Join("..", "..", "..", name))
	}
	out, err := exec.CommandContext(m.t.Context(), "cp", append(args, m.there)...).CombinedOutput()
	if err != nil {
		m.t.Fatalf("%v: %s", err, out)
	}
}
