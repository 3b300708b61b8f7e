//go:build unix

package disk_test

import (
	"os"
	"os/exec"
	"syscall"
	"testing"

	"cgp-cred/keystore/keystoretest"
)

// Two users who are not root, for tests that run as root.
const (
	victim   = 65534
	attacker = 65533
)

// command is a child as the user uid, or as this user if uid is negative.
func command(t *testing.T, uid int, args ...string) *exec.Cmd {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "/proc/self/exe", append([]string{"child"}, args...)...)
	if self, err := os.Executable(); err == nil && uid < 0 {
		cmd.Path = self
	}
	cmd.Dir = "/"
	if uid >= 0 {
		cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: uint32(uid), Gid: uint32(uid)}}
	}
	return cmd
}

func needRoot(t *testing.T) {
	t.Helper()
	keystoretest.Require(t, keystoretest.Users)
}

// shared is a folder that other users can reach.
func shared(t *testing.T) string {
	t.Helper()
	return keystoretest.Shared(t)
}
