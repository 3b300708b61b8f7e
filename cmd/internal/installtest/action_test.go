//go:build unix

package installtest

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"

	"cgp-cred/keystore/keystoretest"
)

// TestAction runs the steps of the composite action as a runner does, in a job whose variables, PATH and folder
// belong to another user: the program that gets the bundle is the one that the action has installed from its own
// checkout.
func TestAction(t *testing.T) {
	t.Parallel()
	keystoretest.Need(t, "bash", "bash") // the action's steps are for it
	m := newMachine(t, "sh")
	text, err := os.ReadFile("../../../.github/actions/cgp-cred/action.yml")
	m.must(err)
	var action struct {
		Runs struct {
			Steps []struct {
				Run string
				Env map[string]string
			}
		}
	}
	m.must(yaml.Unmarshal(text, &action))
	src := checkout(t, m)
	planted := filepath.Join(m.root, "planted")
	for _, folder := range []string{planted, m.there} {
		m.write(filepath.Join(folder, "cgp-cred"), "#!/bin/sh\necho PLANTED\n")
		m.must(os.Chmod(filepath.Join(folder, "cgp-cred"), 0o755))
	}
	m.write(filepath.Join(m.there, "sh"), "#!/bin/sh\necho PLANTED\n")
	m.env["GITHUB_ACTION_PATH"] = filepath.Join(src, ".github", "actions", "cgp-cred")
	m.must(os.MkdirAll(m.env["GITHUB_ACTION_PATH"], 0o755))
	m.env["RUNNER_TEMP"], m.env["GITHUB_PATH"] = m.tmp, filepath.Join(m.root, "path")
	m.env["VERSION"], m.env["BASE_URL"], m.env["PREFIX"] = "9.9.9", "https://evil.example.test", planted
	m.env["PATH"] = planted + ":" + m.env["PATH"]
	var out string
	for _, step := range action.Runs.Steps {
		if strings.Contains(step.Run, "${{") {
			t.Errorf("a runner puts text into the script itself: %s", step.Run)
		}
		for name := range step.Env {
			m.env[name] = "x"
		}
		r := m.start([]string{"bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", step.Run}, "")
		m.want(r, 0)
		out = r.stdout
	}
	if out != "stand-in dev\n" {
		t.Errorf("the last step ran another program: %q", out)
	}
}
