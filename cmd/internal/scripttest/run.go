package scripttest

import (
	"errors"
	"fmt"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"sync"

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

// expect-exit STATUS COMMAND... checks only a command's exit status, for commands that print a report even if they
// fail.
func expectExit(ts *testscript.TestScript, neg bool, args []string) {
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

// parallel N COMMAND... runs a command N times at once. For each different outcome stdout gets a line: how often, the
// exit status, and the output.
func parallel(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: parallel N COMMAND ARGS...")
	}
	n, err := strconv.Atoi(args[0])
	ts.Check(err)
	atOnce(ts, n, args[1:], func(cmd *exec.Cmd) (string, string) {
		var out, text strings.Builder
		cmd.Stdout, cmd.Stderr = &out, &text
		_ = cmd.Run() // atOnce reads the status
		return out.String(), text.String()
	})
}

// atOnce runs a command n times at once, each with run, and prints the outcomes as parallel does.
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

// repeat N COMMAND... [, COMMAND...] runs a command N times in sequence, and several commands next to each other. For
// each different outcome stdout gets a line: the command, how often, the exit status, and the output.
func repeat(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: repeat N COMMAND ARGS... [, COMMAND ARGS...]")
	}
	n, err := strconv.Atoi(args[0])
	ts.Check(err)
	var (
		mu       sync.Mutex
		all      sync.WaitGroup
		outcomes = make(map[string]int)
	)
	for rest := args[1:]; len(rest) > 0; {
		argv := rest
		if i := slices.Index(rest, ","); i >= 0 {
			argv, rest = rest[:i], rest[i+1:]
		} else {
			rest = nil
		}
		all.Go(func() {
			for range n {
				cmd := command(ts, argv[0], argv[1:]...)
				var out, text strings.Builder
				cmd.Stdout, cmd.Stderr = &out, &text
				_ = cmd.Run() // the line has the status
				status := cmd.ProcessState.ExitCode()
				key := fmt.Sprintf("exit %d stdout %q stderr %q", status, out.String(), text.String())
				mu.Lock()
				outcomes[strings.Join(argv, " ")+" @ "+key]++
				mu.Unlock()
			}
		})
	}
	all.Wait()
	for outcome, count := range outcomes {
		name, key, _ := strings.Cut(outcome, " @ ")
		fmt.Fprintf(ts.Stdout(), "%s: %d %s\n", name, count, key)
	}
}
