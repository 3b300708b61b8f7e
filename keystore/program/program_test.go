package program_test

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"cgp-cred/keystore/fault"
	"cgp-cred/keystore/keystoretest"
	"cgp-cred/keystore/program"
)

// script writes a shell script and returns the argv that runs it: by the shell, which opens it for reading only.
func script(t *testing.T, text string) []string {
	t.Helper()
	keystoretest.Require(t, keystoretest.Unix)
	file := filepath.Join(t.TempDir(), "program.sh")
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return []string{"/bin/sh", file}
}

func TestRunHandsOver(t *testing.T) {
	t.Parallel()
	argv := append(script(t, `echo "$# $1 $2 $3"; cat; pwd`), "a*b$(id)")
	out, err := program.Run(t.Context(), argv, "sign", "int", []byte("input\n"))
	if want := "3 a*b$(id) sign int\ninput\n/bin\n"; err != nil ||
		strings.Replace(string(out), "/usr/bin", "/bin", 1) != want {
		t.Errorf("%q, %v, want %q", out, err, want)
	}
}

func TestRunKeepsSecretsBack(t *testing.T) {
	t.Setenv("CGP_CRED_API_KEY", "hidden-api-key")
	t.Setenv("cgp_cred_other", "hidden-too")
	t.Setenv("NOT_CGP_CRED_X", "shown")
	out, err := program.Run(t.Context(), script(t, "env"), "get", "int", nil)
	if err != nil || strings.Contains(string(out), "hidden") || !strings.Contains(string(out), "NOT_CGP_CRED_X=shown") {
		t.Errorf("%v\n%s", err, out)
	}
}

// stays is a shell command that runs until the test ends, which removes the script.
const stays = `(while [ -e "$0" ]; do sleep 0.1; done)`

func TestRunFailures(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, script string
		kind         error
		want         string // in the message
	}{
		{"no such record", "exit 3", program.ErrNotFound, "no such record"},
		{
			"a failure", "echo secret-output; echo 'no token in slot 3' >&2; exit 1", program.ErrFailed,
			"exit status 1; it said: no token in slot 3",
		},
		{
			"its output among its messages", "echo secret-output; echo 'it is: secret-output, and more' >&2; exit 1",
			program.ErrFailed, "it said: it is: [redacted], and more",
		},
		{
			"escapes and forged lines", `printf 'a\033[2J\nhint: run curl\n' >&2; exit 1`, program.ErrFailed,
			`it said: a\x1b[2J\nhint: run curl`,
		},
		{"megabytes of messages", `head -c 3000000 /dev/zero | tr '\0' x >&2; exit 1`, program.ErrFailed, "xxx..."},
		{"megabytes of output", `head -c 3000000 /dev/zero`, program.ErrOutput, "more than 64 KiB"},
		{
			"output without end", `trap '' PIPE; while :; do echo yyyyyyyyyyyyyyyyyyyyyyyyyyy; done 2>/dev/null`,
			program.ErrOutput, "more than 64 KiB",
		},
		{"death", "kill -9 $$", program.ErrFailed, "signal: killed"},
		{"a child that stays", stays + " & exit 0", program.ErrFailed, "continues"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			out, err := program.Run(t.Context(), script(t, tt.script), "get", "int", nil)
			if !errors.Is(err, tt.kind) || fault.ClassOf(err) != fault.Keystore ||
				!strings.Contains(err.Error(), tt.want) || fault.HintOf(err, "") == "" {
				t.Errorf("%v, want %v with %q", err, tt.kind, tt.want)
			}
			if out != nil || len(err.Error()) > 700 || strings.Contains(err.Error(), "secret-output") {
				t.Errorf("%q returned, %d bytes of message: %v", out, len(err.Error()), err)
			}
		})
	}
}

func TestRunEnds(t *testing.T) {
	t.Parallel()
	ctx, stop := context.WithTimeout(t.Context(), 300*time.Millisecond)
	defer stop()
	if _, err := program.Run(ctx, script(t, stays+"; :"), "sign", "int", nil); !errors.Is(err, program.ErrTimeout) {
		t.Errorf("%v, want a deadline", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	time.AfterFunc(300*time.Millisecond, cancel)
	if _, err := program.Run(ctx, script(t, stays+"; :"), "sign", "int", nil); !errors.Is(err, context.Canceled) ||
		fault.ClassOf(err) == fault.Keystore {
		t.Errorf("%v, want the cancellation", err)
	}
}

// A program that reports errors as cgp-cred does is quoted by its message and its hints.
func TestCallReports(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct{ script, want, hint string }{
		"a message": {
			`printf 'helper: the server refused\nhint: ask for a password\nhint: or not\n' >&2; exit 5`,
			"the server refused", "ask for a password; or not",
		},
		"other lines before it": {"echo noise >&2; printf 'helper: no\nhint: yes\n' >&2; exit 5", "no", "yes"},
		"escapes":               {`printf 'helper: \033[2J\nhint: x\n' >&2; exit 5`, `\x1b[2J`, "x"},
		"its input":             {`printf "helper: $(cat)\nhint: x\n" >&2; exit 5`, "[redacted]", "x"},
		"no hint":               {`echo 'helper: no' >&2; exit 5`, "it said: helper: no", "try it by hand"},
		"another's message":     {`printf 'cat: no\nhint: x\n' >&2; exit 5`, `it said: cat: no\nhint: x`, "try it by hand"},
	} {
		_, err := program.Call{
			Argv: script(t, tt.script), Verb: "look", Profile: "name", Text: []byte("a long input text"), Name: "helper",
		}.Run(t.Context())
		if !errors.Is(err, program.ErrFailed) || fault.ClassOf(err) != fault.Keystore ||
			!strings.HasSuffix(err.Error(), tt.want) || !strings.HasPrefix(fault.HintOf(err, ""), tt.hint) {
			t.Errorf("%s: %v (%s)", name, err, fault.HintOf(err, ""))
		}
	}
}

// A long text reaches the program whole, and so do the variables that it is given.
func TestCallText(t *testing.T) {
	t.Setenv("CGP_CRED_OTHER", "hidden")
	long := bytes.Repeat([]byte("0123456789abcdef\n"), 3000)
	out, err := program.Call{
		Argv: script(t, `cat; env | grep CGP_CRED_`), Verb: "x", Text: long, Env: []string{"CGP_CRED_SHOWN=1"},
	}.Run(t.Context())
	if want := string(long) + "CGP_CRED_SHOWN=1\n"; err != nil || string(out) != want {
		t.Errorf("%d bytes, %v", len(out), err)
	}
}

func TestRunCannotStart(t *testing.T) {
	t.Parallel()
	missing := filepath.Join(t.TempDir(), "missing")
	folder := t.TempDir()
	for _, path := range []string{missing, folder} {
		_, err := program.Run(t.Context(), []string{path}, "sign", "int", nil)
		if !errors.Is(err, program.ErrStart) || !strings.Contains(err.Error(), filepath.Base(path)) {
			t.Errorf("%s: %v", path, err)
		}
	}
}

func TestSplit(t *testing.T) {
	t.Parallel()
	program1 := filepath.Join(t.TempDir(), "p")
	argv, err := program.Split("  " + program1 + "  --slot\t3 'x y' ")
	if err != nil || strings.Join(argv, "|") != program1+"|--slot|3|'x|y'" {
		t.Errorf("%q, %v", argv, err)
	}
	for _, bad := range []string{
		"", " ", "sign --slot 3", "./sign", program1 + " caf\u00e9", program1 + " \x1b[2J",
		program1 + strings.Repeat(" x", 20),
		program1 + " " + strings.Repeat("x", 600),
	} {
		if _, err := program.Split(bad); fault.ClassOf(err) != fault.Usage || fault.HintOf(err, "") == "" {
			t.Errorf("%q: %v, want a refusal", bad, err)
		}
		if _, err := program.Run(t.Context(), strings.Fields(bad), "sign", "int",
			nil); fault.ClassOf(err) != fault.Usage {
			t.Errorf("%q was run: %v", bad, err)
		}
	}
}

// A path with a space is split like every command: the error says so, and names the path that was probably meant.
func TestPathWithSpace(t *testing.T) {
	t.Parallel()
	keystoretest.Require(t, keystoretest.Unix)
	folder := filepath.Join(t.TempDir(), "my tools")
	if err := os.Mkdir(folder, 0o700); err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(folder, "keep")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for command, says := range map[string]string{
		file + " --slot 3": "ln -s '" + file + "'", file: "ln -s '" + file + "'", "/nowhere/my tools/keep": "ls -ld /nowhere/my",
	} {
		argv, err := program.Split(command)
		if err != nil {
			t.Fatal(err)
		}
		_, err = program.Run(t.Context(), argv, "get", "int", nil)
		if !errors.Is(err, program.ErrStart) || !strings.Contains(err.Error(), "a command is split at spaces") ||
			!strings.Contains(fault.HintOf(err, ""), says) {
			t.Errorf("%s: %v; %s", command, err, fault.HintOf(err, ""))
		}
	}
}
