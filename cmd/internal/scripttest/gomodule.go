package scripttest

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"github.com/rogpeppe/go-internal/testscript"
)

// go-module starts a Go module in the current folder, which builds without a network from the caches of this
// repository. It writes go.mod and go.sum, and sets CHECKOUT to the repository.
func goModule(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 0 {
		ts.Fatalf("usage: go-module")
	}
	out, err := exec.Command("go", "env", "GOCACHE", "GOMODCACHE").Output()
	ts.Check(err)
	caches := strings.Split(string(out), "\n")
	checkout := of(ts).repository
	for name, value := range map[string]string{
		"GOCACHE": caches[0], "GOMODCACHE": caches[1], "GOPROXY": "off", "GOSUMDB": "off", "GOTOOLCHAIN": "local",
		"GOFLAGS": "-buildvcs=false -trimpath", "CGO_ENABLED": "0", "CHECKOUT": checkout,
	} {
		ts.Setenv(name, value)
	}
	sums, err := os.ReadFile(filepath.Join(checkout, "go.sum"))
	ts.Check(err)
	ts.Check(os.WriteFile(ts.MkAbs("go.sum"), sums, 0o600))
	ts.Check(ts.Exec("go", "mod", "init", "example.test/program"))
}
