package main

import (
	"context"
	"fmt"
	"os/exec"
	"path"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
)

// benchmark is a Go benchmark of a package.
type benchmark struct {
	subject string
	pkg     string
	name    string // as -test.bench takes it
}

// benchmarks say what a get spends its time with.
var benchmarks = []benchmark{
	{"folders", "keystore/disk", "UserFolders"},
	{"profile", "helper/profile", "Resolve"},
	{"keyring", "keystore/kernel", "Get"},
	{"unseal", "keystore/kernel", "Open"},
	{"cache", "helper/cache", "Get/open"},
	{"record", "keystore", "Decode"},
	{"assertion", "helper/apim", "Assertion"},
}

func (b benchmark) binary() string { return path.Base(b.pkg) + ".test" }

// pattern matches this benchmark and no other.
func (b benchmark) pattern() string {
	outer, inner, nested := strings.Cut("Benchmark"+b.name, "/")
	if !nested {
		return "^" + outer + "$"
	}
	return "^" + outer + "$/^" + inner
}

// run returns the seconds of one operation.
func (b benchmark) run(ctx context.Context, s *scene) (float64, error) {
	cmd := exec.CommandContext(ctx, s.program(b.binary()), "-test.run=^$", "-test.bench="+b.pattern(), "-test.benchtime=50ms")
	cmd.Dir, cmd.Env = filepath.FromSlash(b.pkg), s.env
	out, err := cmd.CombinedOutput()
	if err != nil {
		return 0, fmt.Errorf("%w: %s", err, out)
	}
	return perOperation(string(out))
}

var result = regexp.MustCompile(`(?m)^Benchmark\S+\s+\d+\s+([0-9.]+) ns/op`)

// perOperation reads what go test prints of one benchmark.
func perOperation(out string) (float64, error) {
	found := result.FindAllStringSubmatch(out, -1)
	if len(found) != 1 {
		return 0, fmt.Errorf("not one benchmark's result: %s", out)
	}
	ns, err := strconv.ParseFloat(found[0][1], 64)
	return ns / 1e9, err
}
