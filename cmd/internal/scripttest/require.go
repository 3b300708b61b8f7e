package scripttest

import (
	"fmt"

	"github.com/rogpeppe/go-internal/testscript"

	"cgp-cred/keystore/keystoretest"
)

// require-program PROGRAM PACKAGE skips the rest of the script if a program is missing; in CI it fails it.
func requireProgram(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: require-program PROGRAM PACKAGE")
	}
	keystoretest.Need(of(ts), args[0], args[1])
}

// skip-without FACILITY... skips the rest of the script on a machine without one of keystoretest.Facilities. Each is a condition
// too: [FACILITY].
func skipWithout(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) == 0 {
		ts.Fatalf("usage: skip-without FACILITY...")
	}
	for _, name := range args {
		keystoretest.Require(of(ts), facility(ts, name))
	}
}

// skip-part-without FACILITY says that the script leaves a part out on a machine without it.
func skipPartWithout(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: skip-part-without FACILITY")
	}
	keystoretest.Partly(of(ts), facility(ts, args[0]))
}

func facility(ts *testscript.TestScript, name string) *keystoretest.Facility {
	f, ok := keystoretest.Facilities[name]
	if !ok {
		ts.Fatalf("there is no facility %q", name)
	}
	return f
}

// condition knows the facilities.
func condition(name string) (bool, error) {
	f, ok := keystoretest.Facilities[name]
	if !ok {
		return false, fmt.Errorf("there is no facility %q", name)
	}
	return f.Here(), nil
}
