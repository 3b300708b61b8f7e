// Package clientstest finds what the tests of the clients need.
package clientstest

import (
	"os/exec"
	"strings"
	"sync"
	"testing"

	"cgp-cred/keystore/keystoretest"
)

// Python returns an interpreter that has requests, httpx, and more: the name of each module, and its Debian package. It
// is the python3 on PATH, or the system's. Without one it skips the test; in CI the test fails.
func Python(t testing.TB, more ...string) string {
	t.Helper()
	modules, packages := []string{"requests", "httpx"}, []string{"python3-httpx"}
	for i := 0; i < len(more); i += 2 {
		modules, packages = append(modules, more[i]), append(packages, more[i+1])
	}
	all := strings.Join(modules, ", ")
	python := with(all)
	if python == "" {
		keystoretest.Missing(t, "python3 with "+all, strings.Join(packages, " "))
	}
	return python
}

// found is the interpreter of each list of modules that was looked for: one takes a second to load them.
var found sync.Map

// with returns an interpreter that has modules, or nothing.
func with(modules string) string {
	once, _ := found.LoadOrStore(modules, sync.OnceValue(func() string { return look(modules) }))
	return once.(func() string)()
}

func look(modules string) string {
	for _, name := range []string{"python3", "/usr/bin/python3"} {
		python, err := exec.LookPath(name)
		if err != nil {
			continue
		}
		try := exec.Command(python, "-c", "import "+modules) //nolint:gosec,noctx // it ends
		if try.Run() == nil {
			return python
		}
	}
	return ""
}
