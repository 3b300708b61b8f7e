package scripttest

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"runtime/debug"
	"slices"
	"syscall"
	"testing"
)

// guardFile is the source file that the program of scripts has in addition.
const guardFile = "cmd/internal/scripttest/testdata/guarded.go"

// ProgramsVariable names a folder with what install builds for Windows, for a machine without Go: NAME.exe for a
// package in a folder NAME.
const ProgramsVariable = "CGP_CRED_TEST_PROGRAMS"

// install builds the program of the current folder as it is shipped, but with the guard, and puts it on PATH instead of
// the test binary, which takes longer to start.
func install(t *testing.T, repository string) {
	t.Helper()
	if instrumented() {
		return
	}
	if prebuilt := os.Getenv(ProgramsVariable); prebuilt != "" {
		here, err := os.Getwd()
		if err != nil {
			t.Fatal(err)
		}
		replaceBinary(t, filepath.Join(prebuilt, filepath.Base(here)+".exe"))
		return
	}
	folder := t.TempDir()
	program, overlay := filepath.Join(folder, "program"), filepath.Join(folder, "overlay.json")
	added, err := filepath.Abs("guarded.go")
	if err != nil {
		t.Fatal(err)
	}
	source, err := filepath.Abs(filepath.Join(repository, filepath.FromSlash(guardFile)))
	if err != nil {
		t.Fatal(err)
	}
	text, err := json.Marshal(map[string]any{"Replace": map[string]string{added: source}})
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(overlay, text, 0o600); err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), "go", "build", "-trimpath", "-ldflags=-s -w", "-buildvcs=false",
		"-overlay", overlay, "-o", program, ".")
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("building the program: %v\n%s", err, out)
	}
	replaceBinary(t, program)
}

// replaceBinary puts a program on PATH instead of the test binary.
func replaceBinary(t *testing.T, program string) {
	t.Helper()
	// A copy, as an installer makes it: the linker's own file is in small pieces of the page cache, and each start maps
	// them one by one.
	text, err := os.ReadFile(program)
	if err != nil {
		t.Fatal(err)
	}
	syscall.ForkLock.RLock() // a process that another test starts meanwhile would hold it open: it could not be run
	defer syscall.ForkLock.RUnlock()
	for _, name := range installed {
		path, err := exec.LookPath(name)
		if err == nil {
			err = os.Remove(path) // not written over: it is the test binary too
		}
		if err == nil {
			err = os.WriteFile(path, text, 0o755)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
}

// instrumented reports whether this test binary has the race detector or counts what it covers. Then scripts run it as
// their program, to do that there too.
func instrumented() bool {
	info, ok := debug.ReadBuildInfo()
	return testing.CoverMode() != "" || ok && slices.ContainsFunc(info.Settings, func(s debug.BuildSetting) bool {
		return s.Key == "-race"
	})
}
