package scripttest

import (
	"errors"
	"fmt"
	"os/exec"
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

// expect-exit STATUS COMMAND... holds a command's exit status alone: for those that print a report even where it is a bad one.
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
