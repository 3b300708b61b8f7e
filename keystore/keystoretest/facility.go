package keystoretest

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"sync"
	"testing"
	"time"

	"cgp-cred/keystore/kernel"
	"cgp-cred/keystore/keystoretest/guard"
)

// Facility is something that some machines don't allow their processes, and that no package installs.
type Facility struct {
	needs        string
	program, pkg string // a program of a Debian package uses it
	here         func() bool
}

// The facilities. A process tries each one once.
var (
	OnWindows = &Facility{needs: "Windows", here: func() bool { return runtime.GOOS == "windows" }}
	Linux     = &Facility{needs: "Linux", here: func() bool { return runtime.GOOS == "linux" }}
	Clock     = &Facility{
		needs: "Linux on amd64 with ptrace, for a process whose clock is wrong",
		here:  sync.OnceValue(clock),
	}
	Users  = &Facility{needs: "root, to act as another user", here: sync.OnceValue(users)}
	Mounts = unsharing("root and mount namespaces", "-m", "sh", "-c", `mount -t tmpfs none "$TMPDIR"`)
	Binds  = unsharing("root and bind mounts", "-m", "sh", "-c",
		`mount --bind "$TMPDIR" "$TMPDIR" && mount -o remount,bind,ro "$TMPDIR"`)
	PIDs     = unsharing("root and PID namespaces", "-m", "-p", "-f", "--mount-proc", "true")
	UserNS   = unsharing("user namespaces", "-U", "-r", "true")
	Networks = unsharing("root and network namespaces", "-m", "-n", "sh", "-c",
		"mount --bind /etc/hosts /etc/resolv.conf")
	Hidden     = &Facility{needs: "root and mount namespaces, to hide /run/user", here: hidden}
	KernelKeys = &Facility{needs: "the kernel's keyring", here: sync.OnceValue(kernelKeys)}
	Watching   = &Facility{
		needs: "root and ptrace, to watch a process with keys", program: "strace", pkg: "strace",
		here: sync.OnceValue(watching),
	}
	Unix = &Facility{needs: "Unix, for shell scripts and modes of files", here: func() bool {
		return runtime.GOOS != "windows"
	}}
	Credentials = &Facility{
		needs: "a keyring of the test's own: Linux, or Windows with " + CredentialsVariable + "=throwaway",
		here:  func() bool { return runtime.GOOS == "linux" || throwaway() },
	}
	Modes    = &Facility{needs: "a user that the modes of files bind (not root)", here: sync.OnceValue(modes)}
	Terminal = &Facility{needs: "Linux with /dev/ptmx, for a terminal", here: sync.OnceValue(terminal)}
	Proc     = &Facility{needs: "Linux with /proc", here: func() bool { return exists("/proc/self/stat") }}
	SHM      = &Facility{needs: "Linux with /dev/shm", here: func() bool { return exists("/dev/shm") }}
	IPv6     = &Facility{needs: "IPv6 on the loopback interface", here: sync.OnceValue(ipv6)}
)

// CredentialsVariable is "throwaway" on a Windows machine whose Credential Manager has nothing of a user's, and ends
// with the tests: a wine prefix, or a runner of CI.
const CredentialsVariable = "CGP_CRED_TEST_CREDENTIALS"

func throwaway() bool {
	return runtime.GOOS == "windows" && os.Getenv(CredentialsVariable) == "throwaway"
}

// Facilities are those that scripts name.
var Facilities = map[string]*Facility{
	"linux": Linux, "unix": Unix, "clock": Clock, "other-users": Users, "mounts": Mounts, "bind-mounts": Binds,
	"pid-namespaces": PIDs, "userns": UserNS, "network-namespaces": Networks, "hide-run-user": Hidden,
	"kernel-keyring": KernelKeys, "strace": Watching, "file-modes": Modes, "terminal": Terminal, "proc": Proc,
	"shm":  SHM,
	"ipv6": IPv6, "windows": OnWindows,
}

// Here reports whether this machine has it.
func (f *Facility) Here() bool { return f.here() }

// Require skips the test if this machine lacks one of the facilities.
func Require(t testing.TB, facilities ...*Facility) {
	t.Helper()
	for _, f := range facilities {
		if f.program != "" && Linux.Here() {
			Need(t, f.program, f.pkg)
		}
		if !f.Here() {
			Cannot(t, f.needs)
		}
	}
}

// Partly notes that a part of the test is left out if this machine lacks f, and reports whether it has it.
func Partly(t testing.TB, f *Facility) bool {
	t.Helper()
	if !f.Here() {
		note(t, "lacks", f.needs)
	}
	return f.Here()
}

// unsharing returns a facility that a command of unshare needs. It runs the command to find out. TMPDIR is a folder
// that the command may mount over.
func unsharing(needs string, args ...string) *Facility {
	return &Facility{needs: needs, program: "unshare", pkg: "util-linux", here: sync.OnceValue(func() bool {
		folder, err := os.MkdirTemp("", "cgp")
		if err != nil {
			return false
		}
		defer func() { _ = os.RemoveAll(folder) }()
		cmd := exec.Command("unshare", args...)
		cmd.Env = append(os.Environ(), "TMPDIR="+folder)
		return cmd.Run() == nil
	})}
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

// hidden reports whether a process can have an empty /run/user. If the user has no folder there, it is empty already.
func hidden() bool {
	return !exists(fmt.Sprintf("/run/user/%d", os.Geteuid())) || Mounts.Here()
}

func kernelKeys() bool {
	name := "cgp-cred-test:probe:" + filepath.Base(os.Getenv(guard.RootVariable))
	defer func() { _ = kernel.Delete(name) }()
	if err := kernel.Set(name, []byte("probe"), time.Minute); err != nil {
		return false
	}
	_, err := kernel.Get(name)
	return err == nil
}

func modes() bool {
	folder, err := os.MkdirTemp("", "cgp")
	if err != nil {
		return false
	}
	defer func() { _ = os.RemoveAll(folder) }()
	closed := filepath.Join(folder, "closed")
	if err := os.Mkdir(closed, 0o500); err != nil {
		return false
	}
	return os.Mkdir(filepath.Join(closed, "sub"), 0o700) != nil
}

func ipv6() bool {
	l, err := net.Listen("tcp", "[::1]:0")
	if err != nil {
		return false
	}
	return l.Close() == nil
}
