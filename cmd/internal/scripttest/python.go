package scripttest

import (
	"github.com/rogpeppe/go-internal/testscript"

	"cgp-cred/helper/clients/clientstest"
)

// find-python [MODULE PACKAGE]... sets PYTHON to a Python that has requests, httpx and these modules.
func findPython(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args)%2 != 0 {
		ts.Fatalf("usage: find-python [MODULE PACKAGE]...")
	}
	ts.Setenv("PYTHON", clientstest.Python(of(ts), args...))
}
