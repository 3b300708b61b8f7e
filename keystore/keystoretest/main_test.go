package keystoretest_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"cgp-cred/keystore/keystoretest"
	"cgp-cred/keystore/keystoretest/guard"
)

// badVariable names what the tests of a package do wrong, in a test binary that a test starts.
const badVariable = "KEYSTORETEST_BAD"

// guardedVariable makes a test binary a program that is guarded.
const guardedVariable = "KEYSTORETEST_GUARDED"

func TestMain(m *testing.M) {
	if os.Getenv(guardedVariable) != "" {
		guard.Stop()
		return
	}
	if bad := os.Getenv(badVariable); bad != "" {
		os.Exit(keystoretest.Main(badTests(bad)))
	}
	os.Exit(keystoretest.Main(m))
}

// badTests are a package's tests. VICTIM is the user's home folder.
type badTests string

func (b badTests) Run() int {
	victim := os.Getenv("CGP_CRED_TEST_VICTIM")
	switch b {
	case "nothing":
	case "writes":
		return write(filepath.Join(victim, ".config", "cgp-cred", "profiles", "int.yaml"))
	case "adds":
		return write(filepath.Join(victim, ".local", "state", "cgp-cred", "seal.key"))
	case "configures":
		return write(filepath.Join(victim, ".gnupg"))
	case "opens":
		if err := os.Chmod(filepath.Join(victim, ".config", "cgp-cred"), 0o755); err != nil {
			return 1
		}
	case "leaves", "panics", "killed":
		cmd := exec.Command("sh", "-c", "setsid sleep 600 & exec sleep 600")
		if err := cmd.Start(); err != nil {
			return 1
		}
		if b == "panics" {
			panic("test timed out")
		}
		if b == "killed" {
			if self, err := os.FindProcess(os.Getpid()); err == nil {
				_ = self.Kill()
			}
		}
	case "fails":
		return 3
	case "a bus", "no runtime folder", "a program's bus", "no environment":
		return callGuarded(b)
	}
	return 0
}

// callGuarded starts this binary as a program of a script that expects it to fail, with an environment that leads to
// the user's bus.
func callGuarded(b badTests) int {
	self, err := os.Executable()
	if err != nil {
		return 1
	}
	argv, env := []string{self}, append(os.Environ(), guardedVariable+"=yes", badVariable+"=")
	switch b {
	case "a bus":
		env = append(env, "DBUS_SESSION_BUS_ADDRESS=unix:path=/run/user/0/bus")
	case "no runtime folder":
		env = append(env, "XDG_RUNTIME_DIR=", "DBUS_SESSION_BUS_ADDRESS=")
	case "a program's bus":
		argv = []string{"sh", "-c", `DBUS_SESSION_BUS_ADDRESS=unix:abstract=/tmp/dbus-x "$0"`, self}
	case "no environment":
		env = []string{guardedVariable + "=yes", "HOME=" + os.Getenv("HOME")}
	}
	cmd := exec.Command(argv[0], argv[1:]...)
	cmd.Env = env
	if err := cmd.Run(); err == nil {
		return 1 // it was not stopped
	}
	return 0
}

func write(name string) int {
	if os.MkdirAll(filepath.Dir(name), 0o700) != nil || os.WriteFile(name, []byte("planted"), 0o600) != nil {
		return 1
	}
	return 0
}

// A package whose tests change what is the user's, or leave a process, fails; however it ends, nothing is left.
func TestMainCatches(t *testing.T) {
	t.Parallel()
	keystoretest.Require(t, keystoretest.Linux)
	keystoretest.Need(t, "setsid", "util-linux")
	for _, c := range []struct {
		bad    string
		status int
		want   string
	}{
		{"nothing", 0, ""},
		{"fails", 3, ""},
		{"writes", 1, "/.config/cgp-cred/profiles/int.yaml: was"},
		{"adds", 1, "/.local/state/cgp-cred/seal.key: was"},
		{"configures", 1, "/.gnupg: was"},
		{"opens", 1, "/.config/cgp-cred: was"},
		{"leaves", 1, "left these processes running: "},
		{"panics", 2, "test timed out"},
		{"a bus", 1, "DBUS_SESSION_BUS_ADDRESS=unix:path=/run/user/0/bus"},
		{"no runtime folder", 1, "without XDG_RUNTIME_DIR there is /run/user/"},
		{"a program's bus", 1, "DBUS_SESSION_BUS_ADDRESS=unix:abstract=/tmp/dbus-x"},
		{"no environment", 1, "without XDG_RUNTIME_DIR there is /run/user/"},
		{"killed", 137, "ended by a signal: killed"},
	} {
		t.Run(c.bad, func(t *testing.T) {
			t.Parallel()
			home, temp := t.TempDir(), t.TempDir()
			if write(filepath.Join(home, ".config", "cgp-cred", "profiles", "int.yaml")) != 0 {
				t.Fatal("no home")
			}
			self, err := os.Executable()
			if err != nil {
				t.Fatal(err)
			}
			cmd := exec.CommandContext(t.Context(), self)
			cmd.Env = []string{
				badVariable + "=" + c.bad, "HOME=" + home, "CGP_CRED_TEST_VICTIM=" + home, "TMPDIR=" + temp,
				"PATH=" + os.Getenv("PATH"), "GORACE=atexit_sleep_ms=0",
			}
			out, _ := cmd.CombinedOutput()
			status := cmd.ProcessState.ExitCode()
			if status != c.status || !strings.Contains(string(out), c.want) || c.want == "" && len(out) > 0 {
				t.Errorf("exit status %d, want %d; output, want %q: %s", status, c.status, c.want, out)
			}
			if running(t, temp) {
				t.Error("a process is left")
			}
			if left, err := os.ReadDir(temp); err != nil || len(left) > 0 {
				t.Errorf("%v is left, %v", left, err)
			}
		})
	}
}
