package windows

import (
	"bufio"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"
)

// path returns the name that Windows programs have for a path of this machine.
func path(name string) string { return "Z:" + strings.ReplaceAll(name, "/", `\`) }

// simulate runs a simulator on the computer until the test ends, and returns its host. Its key set is a file in the
// current folder, jwks.json.
func (c *computer) simulate(t *testing.T, args ...string) string {
	t.Helper()
	cmd := c.cgp(append([]string{"simulate", "--api-key", apiKey, "--jwks", "jwks.json"}, args...)...)
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = cmd.Process.Kill(); _ = cmd.Wait() })
	line, err := bufio.NewReader(out).ReadString('\n')
	host := regexp.MustCompile(`"host":"([^"]+)"`).FindStringSubmatch(line)
	if err != nil || host == nil {
		t.Fatalf("the simulator said %q, %v", line, err)
	}
	return host[1]
}

// must runs the program, which must succeed, and returns its stdout.
func (c *computer) must(t *testing.T, args ...string) string {
	t.Helper()
	stdout, stderr, err := c.run(apiKey, args...)
	if err != nil {
		t.Fatalf("%q: %v\n%s%s", args, err, stdout, stderr)
	}
	return stdout
}

// A key's life in the Credential Manager, with the program as it is shipped.
func TestStory(t *testing.T) {
	t.Parallel()
	c := start(t)
	wrapper := filepath.Join(filepath.Dir(c.prefix), "cgp-cred")
	text := "#!/bin/sh\nexec sh '" + c.script + "' '" + c.program + "' \"$@\"\n"
	if err := os.WriteFile(wrapper, []byte(text), 0o700); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command("sh", filepath.Join(filepath.Dir(c.script), "story.sh"), wrapper, "cmd", "/c", "ver")
	cmd.Env = append(os.Environ(), "WINEPREFIX="+c.prefix)
	out, err := cmd.CombinedOutput()
	if err != nil || !strings.HasSuffix(string(out), "story: done\n") {
		t.Errorf("%v\n%s", err, out)
	}
}

// The names in the Credential Manager are a contract: other programs and other versions find the items by them.
func TestNamesOfCredentials(t *testing.T) {
	t.Parallel()
	c := start(t)
	host := c.simulate(t)
	c.must(t, "keygen", "sim", "--host", host, "--kid", "sim-1", "--bits", "2048", "--api-key-file", "-", "--out", "jwks.json")
	c.must(t, "get", "sim")
	out, err := c.wine("reg", "query", `HKCU\Software\Wine\Credential Manager`).Output()
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"cgp-cred:sim", "cgp-cred:sim/token"} {
		if !regexp.MustCompile(`Generic: ` + regexp.QuoteMeta(name) + `\r?\n`).Match(out) {
			t.Errorf("there is no %s in\n%s", name, out)
		}
	}
}

// A program that reads its token file all the time keeps no renewal away, and never finds the file gone.
func TestTokenFileIsRenewed(t *testing.T) {
	t.Parallel()
	c := start(t)
	reader := filepath.Join(filepath.Dir(c.prefix), "reader.exe")
	build := exec.Command("go", "build", "-trimpath", "-o", reader, "./testdata/reader")
	build.Env = append(os.Environ(), "GOOS=windows", "GOARCH=amd64", "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	host := c.simulate(t, "--token-life", "6s")
	c.must(t, "keygen", "sim", "--host", host, "--kid", "sim-1", "--bits", "2048", "--api-key-file", "-", "--out", "jwks.json")
	stdout, stderr, err := c.run("", "exec", "sim", "--token-file", "--", reader, "4")
	if err != nil || stdout != "saw 4 tokens\n" || strings.Contains(stderr, "can't be written") {
		t.Errorf("%v\n%s%s", err, stdout, stderr)
	}
	left, err := filepath.Glob(filepath.Join(c.prefix, "drive_c/users/*/AppData/Local/cgp-cred/exec/exec-*", "token"))
	if err != nil || len(left) != 0 {
		t.Errorf("%v is left, %v", left, err)
	}
}

// Folders may have names beyond ASCII, and paths that are longer than Windows' old limit of 260.
func TestUnusualFolders(t *testing.T) {
	t.Parallel()
	c := start(t)
	host := c.simulate(t)
	folder := filepath.Join(filepath.Dir(c.prefix), "Zoë 测试")
	for range 5 {
		folder = filepath.Join(folder, strings.Repeat("long", 15))
	}
	for _, name := range []string{"XDG_CONFIG_HOME", "XDG_STATE_HOME", "XDG_DATA_HOME"} {
		c.env = append(c.env, name+"="+path(folder))
	}
	c.must(t, "keygen", "sim", "--host", host, "--kid", "sim-1", "--bits", "2048", "--api-key-file", "-", "--out", "jwks.json")
	first := c.must(t, "get", "sim")
	if second := c.must(t, "get", "sim"); second != first {
		t.Errorf("%q, then %q", first, second)
	}
	if _, err := os.Stat(filepath.Join(folder, "cgp-cred", "profiles", "sim.yaml")); err != nil {
		t.Error(err)
	}
	if out := c.must(t, "doctor", "sim"); !strings.Contains(out, "Zoë 测试") {
		t.Errorf("doctor: %s", out)
	}
	c.must(t, "logout", "sim", "--yes")
}

// The step of CI that runs on Windows only, as a runner's cmd runs it.
func TestInstallStep(t *testing.T) {
	t.Parallel()
	c := start(t)
	text, err := os.ReadFile("../../../.github/workflows/ci.yml")
	if err != nil {
		t.Fatal(err)
	}
	var workflow struct {
		Jobs map[string]struct {
			Steps []struct{ Shell, Run string }
		}
	}
	if err := yaml.Unmarshal(text, &workflow); err != nil {
		t.Fatal(err)
	}
	bin := filepath.Join(filepath.Dir(c.prefix), "bin")
	if err := os.Mkdir(bin, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(c.program, filepath.Join(bin, "cgp-cred.exe")); err != nil {
		t.Fatal(err)
	}
	ran := 0
	for _, s := range workflow.Jobs["portable"].Steps {
		if s.Shell != "cmd" {
			continue
		}
		ran++
		batch := "@echo off\r\n" + strings.ReplaceAll(s.Run, "\n", "\r\n")
		if err := os.WriteFile(filepath.Join(filepath.Dir(c.prefix), "step.cmd"), []byte(batch), 0o600); err != nil {
			t.Fatal(err)
		}
		out, err := c.wine("cmd", "/d", "/c", "step.cmd").CombinedOutput()
		if err != nil || !strings.Contains(string(out), "installed cgp-cred in ") ||
			!strings.Contains(string(out), "removed cgp-cred from ") {
			t.Errorf("%v\n%s", err, out)
		}
	}
	if ran != 1 {
		t.Errorf("%d steps", ran)
	}
}
