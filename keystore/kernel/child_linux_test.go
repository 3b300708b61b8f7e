package kernel_test

import (
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"cgp-cred/keystore/kernel"
	"cgp-cred/keystore/kernel/refuse"
	"cgp-cred/keystore/keystoretest"
)

// Two users who are not root, for tests that run as root.
const (
	victim   = 65534
	attacker = 65533
)

func TestMain(m *testing.M) {
	if len(os.Args) > 3 && os.Args[1] == "child" {
		if err := child(os.Args[2], os.Args[3], os.Args[4:]); err != nil {
			fmt.Println("error:", err)
		}
		os.Exit(0)
	}
	os.Exit(keystoretest.Main(m))
}

// child is what this test program does when a test starts it again: as another process, user or session.
func child(verb, name string, args []string) error {
	switch verb {
	case "get":
		b, err := kernel.Get(name)
		fmt.Printf("%s", b)
		return err
	case "set": // NAME VALUE LIFE
		life, err := time.ParseDuration(args[1])
		if err != nil {
			return err
		}
		return kernel.Set(name, []byte(args[0]), life)
	case "delete":
		return kernel.Delete(name)
	case "id": // its serial number
		id, err := unix.KeyctlSearch(unix.KEY_SPEC_USER_KEYRING, "user", name, 0)
		fmt.Println(id)
		return err
	case "steal": // ID: the value, with only its serial number
		var id int
		if _, err := fmt.Sscan(name, &id); err != nil {
			return err
		}
		buf := make([]byte, kernel.MaxPayload)
		n, err := unix.KeyctlBuffer(unix.KEYCTL_READ, id, buf, 0)
		if err != nil {
			return err
		}
		fmt.Printf("%s", buf[:n])
		return nil
	case "refused": // NAME ERRNO: all calls, if the kernel answers with that number
		return refused(name, args[0])
	}
	return errors.New("unknown verb")
}

func refused(name, errno string) error {
	var n int
	if _, err := fmt.Sscan(errno, &n); err != nil {
		return err
	}
	if err := refuse.Syscalls(syscall.Errno(n), unix.SYS_KEYCTL, unix.SYS_ADD_KEY); err != nil {
		return err
	}
	_, get := kernel.Get(name)
	for op, err := range map[string]error{
		"get": get, "set": kernel.Set(name, []byte("x"), time.Minute),
		"delete": kernel.Delete(name),
	} {
		if !errors.Is(err, kernel.ErrUnavailable) {
			fmt.Printf("%s is not ErrUnavailable: %v\n", op, err)
		}
		if quota := errors.Is(err, kernel.ErrQuota); quota != (syscall.Errno(n) == unix.EDQUOT) {
			fmt.Printf("%s is ErrQuota: %t\n", op, quota)
		}
	}
	return nil
}

// run starts a child, as user uid or as this user if uid is negative, behind the words of wrap.
func run(t *testing.T, uid int, wrap []string, args ...string) string {
	t.Helper()
	argv := append(append([]string{}, wrap...), append([]string{"/proc/self/exe", "child"}, args...)...)
	if len(wrap) > 0 {
		self, err := os.Executable()
		if err != nil {
			t.Fatal(err)
		}
		argv[len(wrap)] = self
	}
	cmd := exec.CommandContext(t.Context(), argv[0], argv[1:]...)
	cmd.Dir = "/"
	if uid >= 0 {
		cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: uint32(uid), Gid: uint32(uid)}}
	}
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%q: %v: %s", argv, err, out)
	}
	return strings.TrimSpace(string(out))
}

// unused is a name that no other test and no other run has.
func unused(t *testing.T) string {
	t.Helper()
	name := "cgp-cred-test:" + hex.EncodeToString([]byte(t.Name())) + fmt.Sprint(os.Getpid())
	keystoretest.Require(t, keystoretest.KernelKeys)
	t.Cleanup(func() { _ = kernel.Delete(name) }) // may be gone
	return name
}
