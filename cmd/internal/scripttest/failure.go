package scripttest

import (
	"fmt"
	"strings"

	"github.com/rogpeppe/go-internal/testscript"
)

// expect-failure STATUS COMMAND... checks what holds of every failure: this exit status, nothing on stdout, and on
// stderr one message, at least one hint and at most one message_id. Before them there may be warnings, and with -v
// lines with a *. A command of cgp-cred in a hint is one that it takes, and other commands change only what is
// cgp-cred's.
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
	ts.Check(CheckHints(ts.ReadFile("stderr")))
	noteHints(ts, args[1:], ts.ReadFile("stderr"))
}

var failureLines = Pattern(`^(?:(?:cgp-cred: warning:|\*) [ -~]+\n)*` +
	`cgp-cred: ([ -~]+)\n(?:hint: [ -~]+\n)+(?:message_id: [A-Za-z0-9._:-]+\n)?$`)

// failureText returns what is wrong with the stderr of a failure, or nothing.
func failureText(stderr string) string {
	if m := failureLines().FindStringSubmatch(stderr); m == nil || strings.HasPrefix(m[1], "warning: ") {
		return fmt.Sprintf("not a message with a hint: %q", stderr)
	}
	return ""
}
