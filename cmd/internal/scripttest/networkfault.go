package scripttest

import (
	"os"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
)

// slack is how late a machine under load may be.
const slack = 30 * time.Second

// network-fault KIND TIMEOUT STATUS TRIES TEXT asks for a new token for the profile in CGP_CRED_PROFILE, through a
// wire of this KIND, or for "dns:KIND" with a resolver of that KIND. It checks that the command fails within TIMEOUT,
// with this exit status, after TRIES tries, with a message that matches TEXT, and that the record in the keychain is
// unchanged. The output of -vv is appended to said.txt, for no-secrets-in-files.
func networkFault(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 5 {
		ts.Fatalf("usage: network-fault KIND TIMEOUT STATUS TRIES TEXT")
	}
	timeout, err := time.ParseDuration(args[1])
	ts.Check(err)
	profile := ts.Getenv("CGP_CRED_PROFILE")
	before := of(ts).keyring.Look(of(ts), profile)
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
	if took > min(timeout, slack)+slack { // a deadline of minutes must not be waited for
		ts.Fatalf("it took %v, with a deadline of %v", took, timeout)
	}
	if tries := strconv.Itoa(strings.Count("\n"+said, "\n* asking ")); tries != args[3] {
		ts.Fatalf("%s tries, want %s", tries, args[3])
	}
	if !regexp.MustCompile("(?m)^cgp-cred: .*(?:" + args[4] + ")").MatchString(said) {
		ts.Fatalf("it does not say %q", args[4])
	}
	if of(ts).keyring.Look(of(ts), profile) != before {
		ts.Fatalf("the record was changed")
	}
	f, err := os.OpenFile(ts.MkAbs("said.txt"), os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	ts.Check(err)
	_, err = f.WriteString(said)
	ts.Check(err)
	ts.Check(f.Close())
}
