//go:build unix

package installtest

import (
	"crypto/sha256"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"cgp-cred/keystore/keystoretest"
)

// TestReleaseWorkflow runs the steps of release.yml, with a make and a gh that say what they are to do.
func TestReleaseWorkflow(t *testing.T) {
	t.Parallel()
	keystoretest.Need(t, "bash", "bash")
	var workflow struct {
		Jobs map[string]struct{ Steps []step }
	}
	readGitHub(t, "workflows/release.yml", &workflow)
	steps := make(map[string]step)
	for _, job := range workflow.Jobs {
		for _, s := range job.Steps {
			if s.Run != "" {
				steps[s.Name] = s
			}
		}
	}
	if len(steps) != 2 {
		t.Errorf("%d steps", len(steps))
	}
	m := newMachine(t, "sh")
	fake := filepath.Join(m.root, "fake")
	m.program(filepath.Join(fake, "make"), `echo "make $*"; echo "key ${MINISIGN_KEY-none} ${SECRET_KEY-unset}"
[ -z "${MINISIGN_KEY-}" ] || { cat "$MINISIGN_KEY" "${MINISIGN_KEY%.key}.pub"; ls -l "$MINISIGN_KEY" | cut -c 1-10; }`)
	m.program(filepath.Join(fake, "gh"), `echo "gh $*"`)
	m.env["PATH"] = fake + ":" + m.env["PATH"]
	m.env["RUNNER_TEMP"] = m.tmp
	given := map[string]string{"VERSION": "v1.2.3", "BASE_URL": "https://h.example/o/r/releases/download/v1.2.3"}
	made := "make release VERSION=v1.2.3 BASE_URL=https://h.example/o/r/releases/download/v1.2.3\n"

	if r := m.step(steps["Make the files"], given); r.code != 0 || r.stdout != made+"key none unset\n" {
		t.Errorf("unsigned: exit %d, %s%s", r.code, r.stdout, r.stderr)
	}
	given["SECRET_KEY"], given["PUBLIC_KEY"] = "untrusted comment: secret\nRWRT", "untrusted comment: public\nRWQ"
	want := made + "key " + m.tmp + "/release.key unset\n" + given["SECRET_KEY"] + "\n" + given["PUBLIC_KEY"] + "\n-rw-------\n"
	if r := m.step(steps["Make the files"], given); r.code != 0 || r.stdout != want {
		t.Errorf("signed: exit %d, %s%s", r.code, r.stdout, r.stderr)
	}
	if _, err := os.Stat(filepath.Join(m.tmp, "release.key")); !os.IsNotExist(err) {
		t.Errorf("the key stays: %v", err)
	}

	m.write(filepath.Join(m.there, "dist", "a"), "a")
	m.write(filepath.Join(m.there, "dist", "SHA256SUMS"), fmt.Sprintf("%x  a\n", sha256.Sum256([]byte("a"))))
	given = map[string]string{"TAG": "v1.2.3", "GH_REPO": "o/r", "GH_TOKEN": "t"}
	r := m.step(steps["Draft the release"], given)
	if r.code != 0 || !strings.HasPrefix(r.stdout, "gh release create v1.2.3 --draft ") || !strings.HasSuffix(r.stdout, " dist/SHA256SUMS dist/a\n") {
		t.Errorf("exit %d, %s%s", r.code, r.stdout, r.stderr)
	}
	m.write(filepath.Join(m.there, "dist", "a"), "changed")
	if r := m.step(steps["Draft the release"], given); r.code == 0 || strings.Contains(r.stdout, "gh ") {
		t.Errorf("a changed file: exit %d, %s", r.code, r.stdout)
	}
}
