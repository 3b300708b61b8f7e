//go:build unix

package installtest

import (
	"crypto/sha256"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"cgp-cred/keystore/keystoretest"
)

// actionSteps are those of the composite action.
func actionSteps(t *testing.T) []step {
	t.Helper()
	var action struct{ Runs struct{ Steps []step } }
	readGitHub(t, "actions/cgp-cred/action.yml", &action)
	return action.Runs.Steps
}

// runner makes the machine one of GitHub's, on which another user has set variables and put programs on PATH and into
// the current folder. It returns where the action and its checkout are.
func (m *machine) runner() string {
	m.t.Helper()
	src := checkout(m.t, m)
	action := filepath.Join(src, ".github", "actions", "cgp-cred")
	text, err := os.ReadFile(filepath.Join(github, "actions", "cgp-cred", "install.sh"))
	m.must(err)
	m.write(filepath.Join(action, "install.sh"), string(text))
	planted := filepath.Join(m.root, "planted")
	for _, folder := range []string{planted, m.there} {
		m.program(filepath.Join(folder, "cgp-cred"), "echo PLANTED")
	}
	m.program(filepath.Join(m.there, "sh"), "echo PLANTED")
	m.env["GITHUB_ACTION_PATH"], m.env["RUNNER_TEMP"] = action, m.tmp
	m.env["GITHUB_PATH"] = filepath.Join(m.root, "path")
	m.env["VERSION"], m.env["BASE_URL"], m.env["PREFIX"] = "9.9.9", "https://evil.example.test", planted
	m.env["PATH"] = planted + ":" + m.env["PATH"]
	return src
}

func (m *machine) program(path, text string) {
	m.t.Helper()
	m.write(path, "#!/bin/sh\n"+text+"\n")
	m.must(os.Chmod(path, 0o755))
}

// step runs a step of the action, whose inputs are in given.
func (m *machine) step(s step, given map[string]string) result {
	m.t.Helper()
	if strings.Contains(s.Run, "${{") {
		m.t.Errorf("a runner puts text into the script itself: %s", s.Run)
	}
	before := maps.Clone(m.env)
	for name := range s.Env {
		m.env[name] = ""
	}
	maps.Copy(m.env, given)
	r := m.start([]string{"bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", s.Run}, "")
	m.env = before
	return r
}

// TestAction runs the steps of the composite action as a runner does: the program that gets the bundle is the one that
// the action has installed from its own checkout.
func TestAction(t *testing.T) {
	t.Parallel()
	keystoretest.Need(t, "bash", "bash") // the action's steps are for it
	m := newMachine(t, "sh")
	src := m.runner()
	commit := strings.Repeat("a1", 20)
	var out string
	for _, s := range actionSteps(t) {
		r := m.step(s, map[string]string{"CHECKOUT": src, "REF": commit, "REPOSITORY": "o/r", "VAR": "CGP_TOKEN"})
		m.want(r, 0)
		out = r.stdout
	}
	if out != "stand-in dev\n" {
		t.Errorf("the last step ran another program: %q", out)
	}
	if path, err := os.ReadFile(m.env["GITHUB_PATH"]); string(path) != m.tmp+"/cgp-cred/bin\n" || err != nil {
		t.Errorf("PATH: %q, %v", path, err)
	}
}

// The release that the input or the tag names is fetched; a commit, a branch and a tag of two numbers name none.
func TestActionRelease(t *testing.T) {
	t.Parallel()
	keystoretest.Need(t, "bash", "bash")
	for name, c := range map[string]struct{ version, base, ref, want string }{
		"a tag":          {ref: "v1.2.3", want: "--version 1.2.3 --base-url https://github.example/o/r/releases/download/v1.2.3"},
		"a version":      {version: "v1.2.0", ref: "main", want: "--version 1.2.0 --base-url https://github.example/o/r/releases/download/v1.2.0"},
		"a mirror":       {version: "1.2.0", base: "https://mirror.example/x", want: "--version 1.2.0 --base-url https://mirror.example/x"},
		"a branch":       {ref: "main"},
		"two numbers":    {ref: "v1.2"},
		"a commit":       {ref: strings.Repeat("0", 40)},
		"not a version":  {version: "1.2.0;id", want: "exit 2"},
		"not one either": {version: "../../1", want: "exit 2"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m := newMachine(t, "sh")
			src := m.runner()
			m.write(filepath.Join(src, "install.sh"), "echo \"PREFIX=$PREFIX $*\"\n")
			r := m.step(actionSteps(t)[0], map[string]string{
				"CHECKOUT": src, "RELEASE": c.version, "BASE": c.base, "REF": c.ref, "REPOSITORY": "o/r",
				"SERVER": "https://github.example",
			})
			want := strings.TrimSpace("PREFIX=" + m.tmp + "/cgp-cred " + c.want)
			if c.want == "exit 2" {
				if r.code != 2 || r.stdout != "" {
					t.Errorf("exit %d, %q", r.code, r.stdout)
				}
			} else if got := strings.TrimSpace(r.stdout); got != want || r.code != 0 {
				t.Errorf("exit %d, %q, want %q\n%s", r.code, got, want, r.stderr)
			}
		})
	}
}

// TestActionOnWindows plays a Windows runner's shell, and a curl that answers with the files of a release. It compiles
// the checkout, or takes the release if its checksum is right.
func TestActionOnWindows(t *testing.T) {
	t.Parallel()
	keystoretest.Need(t, "bash", "bash")
	keystoretest.Need(t, "zip", "zip")
	keystoretest.Need(t, "unzip", "unzip")
	m := newMachine(t, "sh")
	m.runner()
	built := m.gitBash()
	fake := filepath.Join(m.root, "git-bash")
	served := filepath.Join(m.root, "served")
	m.program(filepath.Join(fake, "curl"), `while [ "$1" != -o ]; do shift; done; cp "`+served+`/${4##*/}" "$2"`)
	m.env["RUNNER_TEMP"] = `D:\tmp`
	given := map[string]string{"CHECKOUT": `D:\a b`, "REF": "main", "REPOSITORY": "o/r"}
	bin := filepath.Join(m.tmp, "cgp-cred", "bin")
	names := "cgp-cred.exe get_nhs_oauth_token.exe git-credential-cgp.exe"

	m.want(m.step(actionSteps(t)[0], given), 0)
	if got := strings.Join(m.names(bin), " "); got != names {
		t.Errorf("built: %s", got)
	}
	if head, err := os.ReadFile(filepath.Join(built, "cgp-cred.exe")); err != nil || !strings.HasPrefix(string(head), "MZ") {
		t.Errorf("it is no Windows program: %v", err)
	}
	m.installedOnWindows(filepath.Dir(bin), "stand-in", strings.Fields(names)...)
	if path, err := os.ReadFile(m.env["GITHUB_PATH"]); string(path) != `D:\tmp\cgp-cred\bin`+"\n" || err != nil {
		t.Errorf("PATH: %q, %v", path, err)
	}

	top := "cgp-cred_1.2.3_windows_amd64"
	for _, name := range strings.Fields(names) {
		m.write(filepath.Join(served, top, name), windowsProgram("1.2.3"))
	}
	cmd := exec.CommandContext(t.Context(), "zip", "-qrD", top+".zip", top)
	cmd.Dir = served
	m.must(cmd.Run())
	archive, err := os.ReadFile(filepath.Join(served, top+".zip"))
	m.must(err)
	sums := fmt.Sprintf("%x  %s.zip\r\n", sha256.Sum256(archive), top)
	m.write(filepath.Join(served, "SHA256SUMS"), sums)
	given["REF"] = "v1.2.3"
	m.want(m.step(actionSteps(t)[0], given), 0)
	m.installedOnWindows(filepath.Dir(bin), "1.2.3", strings.Fields(names)...)
	for _, bad := range []string{strings.Replace(sums, sums[:8], "00000000", 1), "", strings.ReplaceAll(sums, "1.2.3", "1.2.4")} {
		m.write(filepath.Join(served, "SHA256SUMS"), bad)
		r := m.step(actionSteps(t)[0], given)
		if left, _ := filepath.Glob(filepath.Join(bin, "*")); r.code != 1 || len(left) != 0 || !strings.Contains(r.stderr, "SHA256SUMS") {
			t.Errorf("exit %d, %q, left %v", r.code, r.stderr, left)
		}
	}
}

// names lists a folder.
func (m *machine) names(folder string) []string {
	m.t.Helper()
	entries, err := os.ReadDir(folder)
	m.must(err)
	var names []string
	for _, e := range entries {
		names = append(names, e.Name())
	}
	return names
}
