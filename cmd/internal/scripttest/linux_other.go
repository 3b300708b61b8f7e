//go:build !linux

package scripttest

import (
	"fmt"
	"os"
	"runtime"

	"github.com/rogpeppe/go-internal/testscript"

	"cgp-cred/keystore/keystoretest"
)

func blockIPv6(ts *testscript.TestScript, _ bool, _ []string) { needsLinux(ts) }

func survivesKill(ts *testscript.TestScript, _ bool, _ []string) { needsLinux(ts) }

func terminal(ts *testscript.TestScript, _ bool, _ []string) { needsLinux(ts) }

// needsLinux skips the rest of a script at a verb that only Linux can do.
func needsLinux(ts *testscript.TestScript) { keystoretest.Require(of(ts), keystoretest.Linux) }

func inspectProcess() { exitNoLinux() }

func killAtSyscall() { exitNoLinux() }

func withResolver() { exitNoLinux() }

func withSilentLocks() { exitNoLinux() }

func withSyscallError() { exitNoLinux() }

func withoutKeyctl() { exitNoLinux() }

func withoutRunUser() { exitNoLinux() }

// exitNoLinux ends a program that only Linux can do.
func exitNoLinux() {
	fmt.Fprintf(os.Stderr, "%s needs Linux, this is %s\n", os.Args[0], runtime.GOOS)
	os.Exit(125)
}
