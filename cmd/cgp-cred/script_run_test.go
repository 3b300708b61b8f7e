package main

import (
	"errors"
	"fmt"
	"net"
	"os/exec"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"cgp-cred/keystore/keystoretest"
)

// bash LINE runs a line as a user types it.
func bash(ts *testscript.TestScript, neg bool, args []string) {
	if len(args) != 1 {
		ts.Fatalf("usage: bash 'LINE'")
	}
	keystoretest.Need(of(ts), "bash", "bash")
	err := ts.Exec("bash", "-c", args[0])
	if (err != nil) != neg {
		ts.Fatalf("bash: %v", err)
	}
}

// expect-failure STATUS COMMAND... holds a failure against the contract of every failure: this exit status, nothing on stdout, on
// stderr one message, then at least one hint and at most one message_id; before them warnings, and with -v lines with a *.
func fails(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: expect-failure STATUS COMMAND ARGS...")
	}
	exits(ts, neg, args)
	if out := ts.ReadFile("stdout"); out != "" {
		ts.Fatalf("stdout of a failure: %q", out)
	}
	if problem := failureText(ts.ReadFile("stderr")); problem != "" {
		ts.Fatalf("%s", problem)
	}
}

// expect-exit STATUS COMMAND... holds a command's exit status alone: for those that print a report even where it is a bad one.
func exits(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: expect-exit STATUS COMMAND ARGS...")
	}
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	if status := exitStatus(ts, ts.Exec(args[1], args[2:]...)); status != want {
		ts.Fatalf("exit status %d, want %d", status, want)
	}
}

func exitStatus(ts *testscript.TestScript, err error) int {
	var exit *exec.ExitError
	switch {
	case err == nil:
		return 0
	case errors.As(err, &exit):
		return exit.ExitCode()
	}
	ts.Fatalf("%v", err)
	return -1
}

var failureLines = regexp.MustCompile(`^(?:(?:cgp-cred: warning:|\*) [ -~]+\n)*cgp-cred: ([ -~]+)\n(?:hint: [ -~]+\n)+(?:message_id: [A-Za-z0-9._:-]+\n)?$`)

// failureText says what is wrong with the stderr of a failure, or nothing.
func failureText(stderr string) string {
	if m := failureLines.FindStringSubmatch(stderr); m == nil || strings.HasPrefix(m[1], "warning: ") {
		return fmt.Sprintf("not a message with a hint: %q", stderr)
	}
	return ""
}

// parallel N COMMAND... runs a command so many times at once. For each different outcome stdout gets a line: how many,
// the exit status, and what was printed.
func parallel(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: parallel N COMMAND ARGS...")
	}
	n, err := strconv.Atoi(args[0])
	ts.Check(err)
	atOnce(ts, n, args[1:], func(cmd *exec.Cmd) (string, string) {
		var out, text strings.Builder
		cmd.Stdout, cmd.Stderr = &out, &text
		_ = cmd.Run() // its status is what counts
		return out.String(), text.String()
	})
}

// atOnce is parallel, and run is one of the commands.
func atOnce(ts *testscript.TestScript, n int, argv []string, run func(cmd *exec.Cmd) (out, text string)) {
	var (
		mu       sync.Mutex
		all      sync.WaitGroup
		outcomes = make(map[string]int)
	)
	for range n {
		cmd := command(ts, argv[0], argv[1:]...)
		all.Go(func() {
			out, text := run(cmd)
			key := fmt.Sprintf("exit %d stdout %q stderr %q", cmd.ProcessState.ExitCode(), out, text)
			mu.Lock()
			defer mu.Unlock()
			outcomes[key]++
		})
	}
	all.Wait()
	for outcome, count := range outcomes {
		fmt.Fprintln(ts.Stdout(), count, outcome)
	}
}

// command is a program with the script's folder and variables.
func command(ts *testscript.TestScript, name string, args ...string) *exec.Cmd {
	path := name
	if p, err := exec.LookPath(name); err == nil {
		path = p
	}
	cmd := exec.Command(path, args...) // it ends with the script
	cmd.Dir = ts.MkAbs(".")
	cmd.Env = variables(ts)
	return cmd
}

// started is a program beside the script.
type started struct {
	cmd   *exec.Cmd
	ended chan struct{}
}

func start(ts *testscript.TestScript, cmd *exec.Cmd) *started {
	ts.Check(cmd.Start())
	s := &started{cmd, make(chan struct{})}
	go func() {
		_ = cmd.Wait() // its status is what counts
		close(s.ended)
	}()
	return s
}

// kill ends it, if it has not ended yet.
func (s *started) kill() {
	_ = s.cmd.Process.Kill()
	<-s.ended
}

// until waits for as long as it runs, and reports whether something came about before it ended.
func (s *started) until(ready func() bool) bool {
	for !ready() {
		select {
		case <-s.ended:
			return ready()
		case <-time.After(5 * time.Millisecond):
		}
	}
	return true
}

// listens waits until something listens at an address.
func (s *started) listens(network, address string) bool {
	return s.until(func() bool {
		c, err := net.Dial(network, address)
		if err == nil {
			_ = c.Close()
		}
		return err == nil
	})
}

// variables are the script's, as a program started by it gets them.
func variables(ts *testscript.TestScript) []string {
	var env []string
	for _, name := range []string{
		"PATH", "GORACE", "GOCOVERDIR", "HOME", "TMPDIR", "WORK", "BASE", "HOST", "XDG_CONFIG_HOME", "XDG_STATE_HOME", "XDG_RUNTIME_DIR",
		"DBUS_SESSION_BUS_ADDRESS", "CGP_CRED_PROFILE", "CGP_CRED_KEYCHAIN_TIMEOUT", keystoretest.RootVariable,
	} {
		if value := ts.Getenv(name); value != "" {
			env = append(env, name+"="+value)
		}
	}
	return env
}
