package scripttest

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"github.com/rogpeppe/go-internal/testscript"
)

// goModule lets go build in the current folder, as for a user whose caches have what this repository needs, without a
// network: it sets CHECKOUT, the repository, and writes go.mod and the sums.
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
		"GOFLAGS": "-buildvcs=false", "CHECKOUT": checkout,
	} {
		ts.Setenv(name, value)
	}
	sums, err := os.ReadFile(filepath.Join(checkout, "go.sum"))
	ts.Check(err)
	ts.Check(os.WriteFile(ts.MkAbs("go.sum"), sums, 0o600))
	ts.Check(ts.Exec("go", "mod", "init", "example.test/program"))
}
