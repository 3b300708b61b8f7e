//go:build unix

package disk_test

import (
	"fmt"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"

	"cgp-cred/keystore/keystoretest"
)

// Two users who are not root, for tests that run as root.
const (
	victim   = 65534
	attacker = 65533
)

// children are what this test program does when a test starts it again, for tests that need a second process.
var children = map[string]func(args []string) error{}

func TestMain(m *testing.M) {
	if len(os.Args) > 2 && os.Args[1] == "child" {
		if err := children[os.Args[2]](os.Args[3:]); err != nil {
			fmt.Println("error:", err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(keystoretest.Main(m))
}

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

// run starts a child and returns what it printed.
func run(t *testing.T, uid int, args ...string) string {
	t.Helper()
	out, err := command(t, uid, args...).CombinedOutput()
	if err != nil && !strings.Contains(string(out), "error:") {
		t.Fatalf("child %q: %v: %s", args, err, out)
	}
	return strings.TrimSpace(string(out))
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

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// files lists a folder.
func files(t *testing.T, dir string) string {
	t.Helper()
	list, err := os.ReadDir(dir)
	must(t, err)
	var names []string
	for _, e := range list {
		names = append(names, e.Name())
	}
	return strings.Join(names, " ")
}
