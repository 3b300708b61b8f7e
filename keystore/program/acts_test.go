package program_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"cgp-cred/keystore/fault"
	"cgp-cred/keystore/keystoretest"
	"cgp-cred/keystore/program"
)

// These tests run on systems without a shell too: the program is this test, which is started again and acts. Each act
// returns an exit status.
var acts = map[string]func(args []string) int{
	"echo": func(args []string) int {
		folder, _ := os.Getwd()
		fmt.Println(len(args), strings.Join(args, "|"), folder)
		_, _ = io.Copy(os.Stdout, os.Stdin)
		return 0
	},
	"environment": func([]string) int {
		for _, line := range os.Environ() {
			fmt.Println(line)
		}
		return 0
	},
	"not-found": func([]string) int { return 3 },
	"fail": func([]string) int {
		fmt.Println("secret-output")
		fmt.Fprintln(os.Stderr, "no token in slot 3, it is: secret-output, and more")
		return 1
	},
	"forge": func([]string) int {
		fmt.Fprint(os.Stderr, "a\x1b[2J\nhint: run curl\n")
		return 1
	},
	"complain":      func([]string) int { fmt.Fprint(os.Stderr, strings.Repeat("x", 3_000_000)); return 1 },
	"talk":          func([]string) int { fmt.Print(strings.Repeat("y", 3_000_000)); return 0 },
	"hang":          func([]string) int { time.Sleep(time.Hour); return 0 },
	"leave-a-child": func(args []string) int { return child(args[0], false) },
	"hang-with-a-child": func(args []string) int {
		if status := child(args[0], true); status != 0 {
			return status
		}
		time.Sleep(time.Hour)
		return 0
	},
	// Until its file is removed it writes there how often it did.
	"count": func(args []string) int {
		for n := 1; ; n++ {
			f, err := os.OpenFile(args[0], os.O_WRONLY|os.O_TRUNC, 0)
			if err != nil {
				return 0
			}
			_, _ = fmt.Fprint(f, n)
			_ = f.Close()
			time.Sleep(20 * time.Millisecond)
		}
	},
}

// child starts one that counts. It may keep this program's output open.
func child(file string, quiet bool) int {
	cmd := exec.Command(os.Args[0], "act", "count", file)
	if !quiet {
		cmd.Stdout, cmd.Stderr = os.Stdout, os.Stderr
	}
	if cmd.Start() != nil {
		return 9
	}
	for {
		if text, _ := os.ReadFile(file); len(text) > 0 {
			return 0
		}
		time.Sleep(10 * time.Millisecond)
	}
}

// act returns the argv of an act, with more arguments.
func act(t *testing.T, name string, more ...string) []string {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	if _, ok := acts[name]; !ok {
		t.Fatalf("there is no act %q", name)
	}
	return append([]string{self, "act", name}, more...)
}

// counter is the file of a child that counts. When the test ends, the child ends.
func counter(t *testing.T) (file string, counts func() bool) {
	t.Helper()
	file = filepath.Join(t.TempDir(), "count")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		for end := time.Now().Add(10 * time.Second); os.Remove(file) != nil && time.Now().Before(end); {
			time.Sleep(10 * time.Millisecond)
		}
		time.Sleep(100 * time.Millisecond) // it looks every 20 ms
	})
	read := func() string { text, _ := os.ReadFile(file); return string(text) }
	return file, func() bool {
		seen := map[string]bool{}
		for range 20 {
			if text := read(); text != "" {
				seen[text] = true
			}
			time.Sleep(20 * time.Millisecond)
		}
		return len(seen) > 2
	}
}

func TestActHandsOver(t *testing.T) {
	t.Parallel()
	argv := act(t, "echo", `a*b$(id)"%PATH%"`, `C:\x\`)
	out, err := program.Run(t.Context(), argv, "sign", "int", []byte("input\n"))
	want := `4 a*b$(id)"%PATH%"|C:\x\|sign|int ` + filepath.Dir(argv[0]) + "\ninput\n"
	if err != nil || string(out) != want {
		t.Errorf("%q, %v, want %q", out, err, want)
	}
	long := bytes.Repeat([]byte("0123456789abcdef\n"), 3000)
	out, err = program.Call{Argv: act(t, "echo"), Verb: "x", Text: long}.Run(t.Context())
	if err != nil || !bytes.HasSuffix(out, append([]byte("\n"), long...)) {
		t.Errorf("%d bytes, %v", len(out), err)
	}
}

func TestActGetsNoSecrets(t *testing.T) {
	t.Setenv("CGP_CRED_API_KEY", "hidden-api-key")
	t.Setenv("cgp_cred_other", "hidden-too")
	t.Setenv("NOT_CGP_CRED_X", "shown")
	out, err := program.Call{
		Argv: act(t, "environment"), Verb: "get", Profile: "int", Env: []string{"CGP_CRED_SHOWN=1"},
	}.Run(t.Context())
	if text := string(out); err != nil || strings.Contains(text, "hidden") ||
		!strings.Contains(text, "NOT_CGP_CRED_X=shown") || !strings.Contains(text, "CGP_CRED_SHOWN=1") {
		t.Errorf("%v\n%s", err, out)
	}
}

func TestActFails(t *testing.T) {
	t.Parallel()
	file, _ := counter(t)
	for _, tt := range []struct {
		argv []string
		kind error
		want string
	}{
		{act(t, "not-found"), program.ErrNotFound, "no such record"},
		{act(t, "fail"), program.ErrFailed, "exit status 1; it said: no token in slot 3, it is: [redacted], and more"},
		{act(t, "forge"), program.ErrFailed, `it said: a\x1b[2J\nhint: run curl`},
		{act(t, "complain"), program.ErrFailed, "xxx..."},
		{act(t, "talk"), program.ErrOutput, "more than 64 KiB"},
		{act(t, "leave-a-child", file), program.ErrFailed, "continues"},
	} {
		out, err := program.Run(t.Context(), tt.argv, "get", "int", nil)
		if !errors.Is(err, tt.kind) || fault.ClassOf(err) != fault.Keystore ||
			!strings.Contains(err.Error(), tt.want) || fault.HintOf(err, "") == "" {
			t.Errorf("%q: %v, want %v with %q", tt.argv[2], err, tt.kind, tt.want)
		}
		if out != nil || strings.Contains(err.Error(), "secret-output") {
			t.Errorf("%q: %q returned: %v", tt.argv[2], out, err)
		}
	}
}

// A program that hangs is ended, on Windows with all that it has started. Of a hook that is so on Unix too.
func TestActEnds(t *testing.T) {
	t.Parallel()
	ctx, stop := context.WithTimeout(t.Context(), 300*time.Millisecond)
	defer stop()
	if _, err := program.Run(ctx, act(t, "hang"), "sign", "int", nil); !errors.Is(err, program.ErrTimeout) {
		t.Errorf("%v, want a deadline", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	time.AfterFunc(300*time.Millisecond, cancel)
	if _, err := program.Run(ctx, act(t, "hang"), "sign", "int", nil); !errors.Is(err, context.Canceled) {
		t.Errorf("%v, want the cancellation", err)
	}
	if keystoretest.OnWindows.Here() {
		err := endsItsChild(t, func(limit time.Duration, argv []string) error {
			ctx, stop := context.WithTimeout(t.Context(), limit)
			defer stop()
			_, err := program.Run(ctx, argv, "sign", "int", nil)
			return err
		})
		if !errors.Is(err, program.ErrTimeout) {
			t.Error(err)
		}
	}
	err := endsItsChild(t, func(limit time.Duration, argv []string) error {
		return program.Hook(t.Context(), argv, nil, os.Stderr, limit)
	})
	if err == nil || !strings.Contains(err.Error(), "did not end within") {
		t.Error(err)
	}
}

// endsItsChild runs a program that hangs with a child, with a limit that is long enough for the child to start, and
// returns the program's error. The child must have ended then.
func endsItsChild(t *testing.T, run func(limit time.Duration, argv []string) error) error {
	t.Helper()
	for limit := time.Second; ; limit *= 3 {
		file, counts := counter(t)
		err := run(limit, act(t, "hang-with-a-child", file))
		text, _ := os.ReadFile(file)
		if len(text) == 0 && limit < time.Minute {
			continue
		}
		if len(text) == 0 || counts() {
			t.Errorf("%v; the child has counted %q", err, text)
		}
		return err
	}
}

// A hook gets its words as they are, the variable, an empty stdin, and no variable of cgp-cred's.
func TestActAsHook(t *testing.T) {
	t.Setenv("CGP_CRED_API_KEY", "hidden-api-key")
	out, err := os.Create(filepath.Join(t.TempDir(), "out"))
	if err != nil {
		t.Fatal(err)
	}
	defer out.Close() //nolint:errcheck // it is read below
	more := []string{"CGP_TOKEN_FILE=token"}
	for _, argv := range [][]string{act(t, "echo", "a^b", `"c"`), act(t, "environment")} {
		if err := program.Hook(t.Context(), argv, more, out, time.Minute); err != nil {
			t.Error(err)
		}
	}
	said, err := os.ReadFile(out.Name())
	if text := string(said); err != nil || !strings.HasPrefix(text, `2 a^b|"c" `) || strings.Contains(text, "hidden") ||
		!strings.Contains(text, "CGP_TOKEN_FILE=token") {
		t.Errorf("%s, %v", said, err)
	}
	err = program.Hook(t.Context(), act(t, "not-found"), more, out, time.Minute)
	if err == nil || !strings.Contains(err.Error(), "failed: exit status 3") || fault.HintOf(err, "") == "" {
		t.Error(err)
	}
}
