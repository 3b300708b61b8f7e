package keystoretest

import (
	"bytes"
	"os/exec"
	"runtime"
	"strings"
	"syscall"
	"testing"
)

// start runs a program until the test ends, and returns its number. The program ends with its process group then, and
// also if the test binary is killed. The kernel's signal for that follows the thread that forked, so each program keeps
// one thread.
func start(t testing.TB, env []string, stdin, program string, args ...string) (pid int) {
	t.Helper()
	cmd := exec.Command(program, args...) // #nosec G204 -- the programs that tests name
	cmd.Env = env
	cmd.Stdin = strings.NewReader(stdin)
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
	started, ended := make(chan error, 1), make(chan struct{})
	go func() {
		runtime.LockOSThread()
		err := cmd.Start()
		started <- err
		if err == nil {
			_ = cmd.Wait()
		}
		close(ended)
	}()
	if err := <-started; err != nil {
		t.Fatalf("starting %s: %v", program, err)
	}
	t.Cleanup(func() {
		select {
		case <-ended: // its number may be another process's by now
		default:
			_ = syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL)
		}
		<-ended
		if t.Failed() {
			t.Logf("%s printed: %s", program, out.String())
		}
	})
	return cmd.Process.Pid
}
