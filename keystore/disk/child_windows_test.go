package disk_test

import (
	"os"
	"os/exec"
	"testing"
)

// command is a child as this user: uid is negative.
func command(t *testing.T, _ int, args ...string) *exec.Cmd {
	t.Helper()
	self, err := os.Executable()
	must(t, err)
	return exec.CommandContext(t.Context(), self, append([]string{"child"}, args...)...)
}
