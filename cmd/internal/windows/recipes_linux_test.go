package windows

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"cgp-cred/cmd/internal/scripttest"
	"cgp-cred/keystore/keystoretest"
)

const document = "../../../docs/windows.md"

// consoleLines returns the commands that the document shows in the blocks of a console, in their order.
func consoleLines(t *testing.T) (lines []string) {
	t.Helper()
	text, err := os.ReadFile(document)
	if err != nil {
		t.Fatal(err)
	}
	for _, block := range regexp.MustCompile("(?ms)^```console\n(.*?)^```$").FindAllStringSubmatch(string(text), -1) {
		for line := range strings.Lines(block[1]) {
			if command, ok := strings.CutPrefix(line, "> "); ok {
				lines = append(lines, strings.TrimSpace(command))
			}
		}
	}
	return lines
}

// standIns makes curl.exe and python.exe in the current folder, which cmd searches first.
func (c *computer) standIns(t *testing.T) {
	t.Helper()
	for _, name := range []string{"curl.exe", "python.exe"} {
		build := exec.Command("go", "build", "-trimpath", "-o", filepath.Join(filepath.Dir(c.prefix), name),
			"./testdata/standin")
		build.Env = append(os.Environ(), "GOOS=windows", "GOARCH=amd64", "CGO_ENABLED=0")
		if out, err := build.CombinedOutput(); err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
	}
	// cgp-cred searches PATH only.
	c.env = append(c.env, "WINEPATH="+path(filepath.Dir(c.prefix)))
	c.file(t, "fetch.py", "")
}

// file writes a file in the current folder.
func (c *computer) file(t *testing.T, name, text string) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(filepath.Dir(c.prefix), name), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// batch runs lines of cmd, and returns what they print. A line that fails does not end it.
func (c *computer) batch(t *testing.T, lines ...string) string {
	t.Helper()
	c.file(t, "lines.cmd", "@echo off\r\n"+strings.Join(lines, "\r\n")+"\r\n@exit /b 0\r\n")
	out, err := c.wine("cmd", "/d", "/c", "lines.cmd").CombinedOutput()
	if err != nil {
		t.Errorf("%v", err)
	}
	return strings.ReplaceAll(string(out), "\r\n", "\n")
}

// typed runs a command on a terminal, and returns what it shows. The terminal passes on each key as it is, as a console
// of Windows does: wine would take a line's end for another key.
func (c *computer) typed(t *testing.T, cmd *exec.Cmd, dialogue string) string {
	t.Helper()
	raw := []string{"sh", "-c", `stty -icrnl -icanon -echo; exec "$@"`, "sh"}
	cmd.Args = append(raw, cmd.Args...)
	shown, err := scripttest.OnTerminal(cmd, dialogue)
	if err != nil {
		t.Errorf("%v", err)
	}
	return shown
}

// Each command of the document's consoles works in cmd as it is printed, with a simulated API instead of the
// real host, and stand-ins for curl and Python. The one that installs is not run here: TestInstallStep does.
func TestConsoleRecipes(t *testing.T) {
	t.Parallel()
	keystoretest.Require(t, keystoretest.Terminal)
	c := start(t)
	c.standIns(t)
	host := c.simulate(t)
	c.env = append(c.env, "BASE=http://"+host)
	ran := make(map[string]int)
	for _, line := range consoleLines(t) {
		line = strings.ReplaceAll(line, "https://int.api.service.nhs.uk", "http://"+host)
		line = strings.ReplaceAll(line, "--host int ", "--host "+host+" ")
		words := strings.Fields(line)
		ran[words[1]]++
		var out string
		switch words[1] {
		case "setup":
			continue
		case "store": // it asks for the API key
			out = c.typed(t, c.wine(append([]string{"cmd", "/d", "/c"}, words...)...), "see API key\ntype "+apiKey)
		default:
			out = c.batch(t, line, "@echo status %errorlevel%")
		}
		want := regexp.MustCompile(`(?s)200 .*Hello Application.*status 0\n$`)
		if words[1] == "keygen" {
			want = regexp.MustCompile(`stored profile "int"`)
		} else if words[1] == "store" {
			want = regexp.MustCompile(`changed profile "int"`)
		}
		if !want.MatchString(out) {
			t.Errorf("%s:\n%s", line, out)
		}
	}
	if got := fmt.Sprint(ran); got != "map[curl:2 exec:2 get:1 keygen:1 setup:1 store:1]" {
		t.Errorf("the document has other commands: %s", got)
	}

	// Without a credential curl gets nothing to do.
	c.must(t, "logout", "int", "--yes")
	for _, line := range consoleLines(t) {
		if strings.Contains(line, "| curl.exe") {
			out := c.batch(t, line)
			if !strings.Contains(out, "no URL specified") || strings.Contains(out, "200") {
				t.Errorf("without a credential: %s", out)
			}
		}
	}
}

// cmd's own pipes, redirects, conditions and loops work with each form of output and input: its files have CRLF.
func TestCommandPrompt(t *testing.T) {
	t.Parallel()
	c := start(t)
	host := c.simulate(t)
	c.must(t, "keygen", "sim", "--host", host, "--kid", "sim-1", "--bits", "2048", "--api-key-file", "-", "--out", "jwks.json")
	token := strings.TrimSpace(c.must(t, "get", "sim", "--format", "token"))
	c.file(t, "request.txt", "capability[]=authtype\r\nprotocol=http\r\nhost="+host+"\r\n\r\n")
	for _, tt := range []struct{ name, line, want string }{
		{"a loop over the output", `for /f "delims=" %%t in ('cgp-cred get sim --format token') do @echo [%%t]`, "[" + token + "]\n"},
		{"a file of output", `cgp-cred get sim >header.txt && type header.txt`, "Authorization: Bearer " + token + "\n"},
		{"a pipe", `cgp-cred get sim --format token | find "` + token + `"`, token + "\n"},
		{"a file of input", `cgp-cred credential get <request.txt | find "credential"`, "credential=" + token + "\n"},
		{"a pipe of input", `type request.txt | cgp-cred credential get | find "authtype=Bearer"`, "authtype=Bearer\n"},
		{"a failure", `cgp-cred get none 2>said.txt || echo failed`, "failed\n"},
		{"an empty output", `cgp-cred get none >none.txt 2>said.txt & for %%f in (none.txt) do @echo %%~zf bytes`, "0 bytes\n"},
		{"the status", "cgp-cred get none 2>said.txt\r\n@if errorlevel 4 echo more\r\n@if errorlevel 3 echo three", "three\n"},
		{"an export", `cgp-cred export sim --yes >bundle.txt && set CGP_CRED_BUNDLE_FILE=bundle.txt&& cgp-cred get env --format token`, ""},
	} {
		out := c.batch(t, tt.line)
		if tt.want == "" {
			if !regexp.MustCompile(`^[A-Za-z0-9._~+/-]+\n$`).MatchString(out) {
				t.Errorf("%s: %q", tt.name, out)
			}
		} else if out != tt.want {
			t.Errorf("%s: %q, want %q", tt.name, out, tt.want)
		}
	}
}
