package scripttest

import (
	"github.com/rogpeppe/go-internal/testscript"

	"cgp-cred/helper/clients/clientstest"
)

// findPython sets PYTHON to a Python that has requests and httpx.
func findPython(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 0 {
		ts.Fatalf("usage: find-python")
	}
	ts.Setenv("PYTHON", clientstest.Python(of(ts)))
}
