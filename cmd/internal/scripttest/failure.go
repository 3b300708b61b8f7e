package scripttest

import (
	"fmt"
	"regexp"
	"strings"

	"github.com/rogpeppe/go-internal/testscript"
)

// expect-failure STATUS COMMAND... holds a failure against the contract of every failure: this exit status, nothing on stdout, on
// stderr one message, then at least one hint and at most one message_id; before them warnings, and with -v lines with a *.
func expectFailure(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: expect-failure STATUS COMMAND ARGS...")
	}
	expectExit(ts, neg, args)
	if out := ts.ReadFile("stdout"); out != "" {
		ts.Fatalf("stdout of a failure: %q", out)
	}
	if problem := failureText(ts.ReadFile("stderr")); problem != "" {
		ts.Fatalf("%s", problem)
	}
}

var failureLines = regexp.MustCompile(`^(?:(?:cgp-cred: warning:|\*) [ -~]+\n)*cgp-cred: ([ -~]+)\n(?:hint: [ -~]+\n)+(?:message_id: [A-Za-z0-9._:-]+\n)?$`)

// failureText says what is wrong with the stderr of a failure, or nothing.
func failureText(stderr string) string {
	if m := failureLines.FindStringSubmatch(stderr); m == nil || strings.HasPrefix(m[1], "warning: ") {
		return fmt.Sprintf("not a message with a hint: %q", stderr)
	}
	return ""
}
