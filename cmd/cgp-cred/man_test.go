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
	page, err := os.ReadFile(filepath.Join(folder, "cgp-cred-exec.1"))
	if err != nil || !strings.Contains(string(page), "CGP_CRED_*") ||
		!strings.Contains(string(page), `.TH "CGP-CRED-EXEC" "1"`) {
		t.Errorf("the page of exec has no title, or a name was read as Markdown: %v", err)
	}
	page, err = os.ReadFile(filepath.Join(folder, "git-credential-cgp.1"))
	if err != nil || string(page) != ".so man1/cgp-cred-credential.1\n" {
		t.Errorf("the page of git-credential-cgp is %q, %v", page, err)
	}
	page, err = os.ReadFile(filepath.Join(folder, "cgp-cred.1"))
	if err != nil || !strings.Contains(string(page), "cgp-cred-get") {
		t.Errorf("the root page names no commands: %v", err)
	}
}
