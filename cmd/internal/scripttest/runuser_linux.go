package scripttest

import (
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"syscall"

	"golang.org/x/sys/unix"

	"cgp-cred/keystore/keystoretest/guard"
)

// without-run-user COMMAND... is a program: it runs a command for which /run/user is an empty folder, so that a
// process without XDG_RUNTIME_DIR finds nothing of the user there. If /run/user/UID does not exist, that needs no
// privilege.
func withoutRunUser() {
	runtime.LockOSThread() // the mounts are the thread's
	err := hideRunUser()
	if err == nil {
		err = os.Setenv(guard.HiddenVariable, "yes")
	}
	var path string
	if err == nil {
		path, err = exec.LookPath(os.Args[1])
	}
	if err == nil {
		err = syscall.Exec(path, os.Args[1:], os.Environ())
	}
	fmt.Fprintln(os.Stderr, "without-run-user:", err)
	os.Exit(125)
}

func hideRunUser() error {
	if _, err := os.Stat(fmt.Sprintf("/run/user/%d", os.Geteuid())); err != nil {
		return nil //nolint:nilerr // there is nothing to hide
	}
	if err := unix.Unshare(unix.CLONE_NEWNS); err != nil {
		return err
	}
	if err := unix.Mount("", "/", "", unix.MS_PRIVATE|unix.MS_REC, ""); err != nil {
		return err
	}
	return unix.Mount("none", "/run/user", "tmpfs", 0, "mode=0755")
}
