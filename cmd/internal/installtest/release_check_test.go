//go:build unix

package installtest

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// TestVulnerabilities: a finding stops everything, a database that can't be reached stops a release and is told of
// elsewhere.
func TestVulnerabilities(t *testing.T) {
	t.Parallel()
	check, err := filepath.Abs("../../../.dev/vulnerabilities.sh")
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		name, govulncheck string
		code, required    int // without and with --required
		said              string
	}{
		{"nothing found", "echo No vulnerabilities found.", 0, 0, ""},
		{"a finding", "echo 'Vulnerability #1: GO-2026-0001'; exit 3", 1, 1, "GO-2026-0001"},
		{"no database", "echo 'govulncheck: fetching vulnerabilities: dial tcp: lookup failed' >&2; exit 1", 0, 1, "can't be reached"},
		{"no such program", "exit 127", 1, 1, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			m := newMachine(t, "sh")
			program := filepath.Join(m.root, "govulncheck")
			m.write(program, "#!/bin/sh\n"+tt.govulncheck+"\n")
			m.must(os.Chmod(program, 0o700))
			m.env["TOOLS"] = m.root
			for flag, want := range map[string]int{"": tt.code, "--required": tt.required} {
				r := m.start([]string{"sh", check, flag}, "")
				if r.code != want || !strings.Contains(r.stderr, tt.said) {
					t.Errorf("%q: exit %d, want %d: %q", flag, r.code, want, r.stderr)
				}
			}
		})
	}
}

// TestToolchain: an older Go fetches the toolchain that go.mod names, and not the first release of the language
// version, whose standard library has known vulnerabilities.
func TestToolchain(t *testing.T) {
	t.Parallel()
	out, err := exec.CommandContext(t.Context(), "go", "mod", "edit", "-json", "../../../go.mod").Output()
	if err != nil {
		t.Fatal(err)
	}
	var mod struct{ Go, Toolchain string }
	if err := json.Unmarshal(out, &mod); err != nil {
		t.Fatal(err)
	}
	language, _ := strings.CutSuffix(mod.Go, ".0")
	if patch, ok := strings.CutPrefix(mod.Toolchain, "go"+language+"."); !ok || patch == "0" {
		t.Errorf("go %s, toolchain %q: want a later patch release of the same language version", mod.Go, mod.Toolchain)
	}
}
