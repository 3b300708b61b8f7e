// Package clientstest finds what the tests of the clients need.
package clientstest

import (
	"os/exec"
	"sync"
	"testing"

	"cgp-cred/keystore/keystoretest"
)

// Python returns an interpreter that has requests and httpx: the python3 on PATH, or the system's. Without one it skips
// the test; in CI the test fails.
func Python(t testing.TB) string {
	t.Helper()
	python := found()
	if python == "" {
		keystoretest.Missing(t, "python3 with requests and httpx", "python3-httpx")
	}
	return python
}

// found looks once: an interpreter takes a second to load them.
var found = sync.OnceValue(func() string {
	for _, name := range []string{"python3", "/usr/bin/python3"} {
		python, err := exec.LookPath(name)
		if err != nil {
			continue
		}
		try := exec.Command(python, "-c", "import requests, httpx") //nolint:gosec,noctx // it ends
		if try.Run() == nil {
			return python
		}
	}
	return ""
})
