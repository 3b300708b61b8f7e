package scripttest

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/rogpeppe/go-internal/testscript"
)

// assertions N CONNECTIONS PROTO holds what came to the token endpoint of the wire: so many assertions by that protocol, no
// two with the same jti or signature, over so many connections.
func assertionsSent(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 3 {
		ts.Fatalf("usage: assertions-sent N CONNECTIONS PROTO")
	}
	connections, received := of(ts).port.seen()
	var jtis, signatures []string
	for _, r := range received {
		part := strings.Split(r.assertion, ".")
		if len(part) != 3 || r.proto != args[2] {
			ts.Fatalf("a request by %s, with an assertion of %d parts", r.proto, len(part))
		}
		jtis, signatures = append(jtis, jtiOf(ts, part[1])), append(signatures, part[2])
	}
	slices.Sort(jtis)
	slices.Sort(signatures)
	if got := fmt.Sprint(len(received), connections); got != args[0]+" "+args[1] {
		ts.Fatalf("%s assertions and connections, want %s %s", got, args[0], args[1])
	}
	if len(slices.Compact(jtis)) != len(received) || len(slices.Compact(signatures)) != len(received) {
		ts.Fatalf("an assertion was sent again: %q", jtis)
	}
}

// jtiOf reads the second part of an assertion.
func jtiOf(ts *testscript.TestScript, part string) string {
	text, err := base64.RawURLEncoding.DecodeString(part)
	ts.Check(err)
	var c struct {
		JTI string `json:"jti"`
	}
	ts.Check(json.Unmarshal(text, &c))
	if c.JTI == "" {
		ts.Fatalf("an assertion without a jti")
	}
	return c.JTI
}
