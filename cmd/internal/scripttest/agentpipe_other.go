//go:build !windows

package scripttest

import "github.com/rogpeppe/go-internal/testscript"

func agentPipe(ts *testscript.TestScript, _ bool, _ []string) {
	ts.Fatalf("only Windows has such pipes")
}
