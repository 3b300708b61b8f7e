package scripttest

import (
	"net"
	"os/exec"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"cgp-cred/keystore/keystoretest/guard"
	"cgp-cred/keystore/security/securitytest"
)

// command returns a command with the script's folder and variables.
func command(ts *testscript.TestScript, name string, args ...string) *exec.Cmd {
	path := name
	if p, err := exec.LookPath(name); err == nil {
		path = p
	}
	cmd := exec.Command(path, args...) // the script ends it
	cmd.Dir = ts.MkAbs(".")
	cmd.Env = variables(ts)
	return cmd
}

// started is a program that runs next to the script.
type started struct {
	cmd   *exec.Cmd
	ended chan struct{}
}

func start(ts *testscript.TestScript, cmd *exec.Cmd) *started {
	ts.Check(cmd.Start())
	s := &started{cmd, make(chan struct{})}
	go func() {
		_ = cmd.Wait() // callers read the status
		close(s.ended)
	}()
	return s
}

// kill kills the program, if it has not ended yet.
func (s *started) kill() {
	_ = s.cmd.Process.Kill()
	<-s.ended
}

// until waits until ready, and reports whether that happened before the program ended.
func (s *started) until(ready func() bool) bool {
	for !ready() {
		select {
		case <-s.ended:
			return ready()
		case <-time.After(5 * time.Millisecond):
		}
	}
	return true
}

// listens waits until the program listens on an address.
func (s *started) listens(network, address string) bool {
	return s.until(func() bool {
		c, err := net.Dial(network, address)
		if err == nil {
			_ = c.Close()
		}
		return err == nil
	})
}

// variables returns the environment of a program that the script starts.
func variables(ts *testscript.TestScript) []string {
	var env []string
	for _, name := range []string{
		"PATH", "GORACE", "GOCOVERDIR", "HOME", "USERPROFILE", "TMPDIR", "TMP", "TEMP", "SYSTEMROOT",
		"WORK", "BASE", "HOST", "BROWSER",
		"XDG_CONFIG_HOME", "XDG_STATE_HOME", "XDG_DATA_HOME", "XDG_RUNTIME_DIR", "DBUS_SESSION_BUS_ADDRESS",
		"CGP_CRED_PROFILE", "CGP_CRED_KEYCHAIN_TIMEOUT", guard.RootVariable, guard.ServiceVariable,
		securitytest.Folder,
	} {
		if value := ts.Getenv(name); value != "" {
			env = append(env, name+"="+value)
		}
	}
	return env
}

// find-program NAME PROGRAM sets a variable to the absolute path of a program.
func findProgram(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: find-program NAME PROGRAM")
	}
	path, err := exec.LookPath(args[1])
	ts.Check(err)
	ts.Setenv(args[0], path)
}
