package main

import (
	"path/filepath"
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
