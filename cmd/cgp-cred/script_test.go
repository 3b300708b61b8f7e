package main

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"testing"

	"cgp-cred/cmd/internal/scripttest"
)

// TestMain makes this test binary the program that scripts call by its names.
func TestMain(m *testing.M) {
	scripttest.CheckCommand = checkCommand
	scripttest.Main(m, main, "cgp-cred", "git-credential-cgp", upstreamName)
}

// TestScripts runs each script of testdata/script. The package scripttest says how to write one.
func TestScripts(t *testing.T) {
	t.Parallel()
	scripttest.Run(t, filepath.Join("testdata", "script"), filepath.Join("..", ".."))
}

// A script names what the machine lacks: testscript's own skip is not in the list of what was not tested.
func TestScriptsSkipWithAReason(t *testing.T) {
	t.Parallel()
	files := slices.Concat(
		scripttest.Glob("testdata", "*", "*.txtar"), scripttest.Glob("..", "cgp-cred-fleet", "testdata", "*", "*.txtar"))
	if len(files) < 100 {
		t.Errorf("%d scripts", len(files))
	}
	own := regexp.MustCompile(`(?m)^(\[[^]]*\] )*skip( .*)?$`)
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if line := own.Find(text); line != nil {
			t.Errorf("%s: %s: use skip-without FACILITY or require-program", file, line)
		}
	}
}
