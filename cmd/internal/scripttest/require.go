package scripttest

import (
	"fmt"
	"os"
	"path/filepath"

	"github.com/rogpeppe/go-internal/testscript"

	"cgp-cred/keystore/keystoretest"
)

// require-program PROGRAM PACKAGE skips the rest of the script if a program is missing. In CI the script fails. With an
// absolute path it looks for a file, such as a library.
func requireProgram(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: require-program PROGRAM PACKAGE")
	}
	if !filepath.IsAbs(args[0]) {
		keystoretest.Need(of(ts), args[0], args[1])
		return
	}
	if _, err := os.Stat(args[0]); err != nil {
		keystoretest.Missing(of(ts), args[0], args[1])
	}
}

// skip-without FACILITY... skips the rest of the script on a machine without one of keystoretest.Facilities. Each is
// also a condition: [FACILITY].
func skipWithout(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) == 0 {
		ts.Fatalf("usage: skip-without FACILITY...")
	}
	for _, name := range args {
		keystoretest.Require(of(ts), facility(ts, name))
	}
}

// skip-part-without FACILITY reports that the script leaves out a part on a machine without the facility.
func skipPartWithout(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: skip-part-without FACILITY")
	}
	keystoretest.Partly(of(ts), facility(ts, args[0]))
}

func facility(ts *testscript.TestScript, name string) *keystoretest.Facility {
	f, ok := keystoretest.Facilities[name]
	if !ok {
		ts.Fatalf("facility %q is unknown", name)
	}
	return f
}

// condition reports whether this machine has a facility.
func condition(name string) (bool, error) {
	f, ok := keystoretest.Facilities[name]
	if !ok {
		return false, fmt.Errorf("facility %q is unknown", name)
	}
	return f.Here(), nil
}
