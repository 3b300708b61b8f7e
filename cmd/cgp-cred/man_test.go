package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// Each command has a manual page, written from the command itself.
func TestManual(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	out, err := exec.CommandContext(t.Context(), "go", "run", "-tags", "man", ".", "man", folder).CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	for _, c := range commands() {
		page, err := os.ReadFile(filepath.Join(folder, "cgp-cred-"+c.name+".1"))
		if err == nil && !strings.Contains(string(page), ".SH NAME\ncgp-cred-"+c.name) {
			t.Errorf("the page of %s has no name", c.name)
		}
		if hidden := c.build(&app{}).Hidden; err != nil && !hidden {
			t.Errorf("%s: %v", c.name, err)
		}
	}
	if root, err := os.ReadFile(filepath.Join(folder, "cgp-cred.1")); err != nil || !strings.Contains(string(root), "cgp-cred-get") {
		t.Errorf("the root page names no commands: %v", err)
	}
}
