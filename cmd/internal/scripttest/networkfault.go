package scripttest

import (
	"os"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
)

// slack is what a machine under load may add to a deadline.
const slack = 30 * time.Second

// addFault is the verb fault: network-fault KIND TIMEOUT STATUS TRIES TEXT is a row of the table of faults: with such a wire, or with KIND "dns:..." in a network
// of that kind, a new token for the profile in CGP_CRED_PROFILE is not had within TIMEOUT. It holds that the attempt ended
// then, with that exit status after so many tries, nothing on stdout, one message that matches TEXT, with a hint, and the
// record in the keychain as it was. What was said at -vv goes to said.txt, for leakfree.
func networkFault(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 5 {
		ts.Fatalf("usage: network-fault KIND TIMEOUT STATUS TRIES TEXT")
	}
	timeout, err := time.ParseDuration(args[1])
	ts.Check(err)
	profile := ts.Getenv("CGP_CRED_PROFILE")
	before := lookUp(ts, profile)
	command := []string{args[2], "cgp-cred", "get", "--force-new", "-vv", "--timeout", args[1]}
	if kind, ok := strings.CutPrefix(args[0], "dns:"); ok {
		command = append([]string{args[2], "with-resolver", kind}, command[1:]...)
	} else {
		setWire(ts, false, args[:1])
	}
	start := time.Now()
	expectFailure(ts, false, command)
	took := time.Since(start)
	said := ts.ReadFile("stderr")
	if took > min(timeout, slack)+slack { // no deadline of minutes is waited for
		ts.Fatalf("it took %v, with a deadline of %v", took, timeout)
	}
	if tries := strconv.Itoa(strings.Count("\n"+said, "\n* asking ")); tries != args[3] {
		ts.Fatalf("%s tries, want %s", tries, args[3])
	}
	if !regexp.MustCompile("(?m)^cgp-cred: .*(?:" + args[4] + ")").MatchString(said) {
		ts.Fatalf("it does not say %q", args[4])
	}
	if lookUp(ts, profile) != before {
		ts.Fatalf("the record was changed")
	}
	f, err := os.OpenFile(ts.MkAbs("said.txt"), os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	ts.Check(err)
	_, err = f.WriteString(said)
	ts.Check(err)
	ts.Check(f.Close())
}
