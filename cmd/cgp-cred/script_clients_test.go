//go:build clients

package main

import (
	"path/filepath"
	"testing"

	"cgp-cred/cmd/internal/scripttest"
)

// TestClients runs each script of testdata/clients. They are like those of testdata/script, with programs that are too
// heavy for each run of the tests: what these prove is also held by a script without them.
func TestClients(t *testing.T) {
	t.Parallel()
	scripttest.Run(t, filepath.Join("testdata", "clients"), filepath.Join("..", ".."))
}
