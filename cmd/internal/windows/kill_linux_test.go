package windows

import (
	"os/exec"
	"syscall"
	"testing"
	"time"
)

// killAfter starts a command and kills it, later for a greater n. Wine's process is in the command's process group.
func killAfter(t *testing.T, cmd *exec.Cmd, n int) {
	t.Helper()
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	time.Sleep(time.Duration(n) * 40 * time.Millisecond)
	_ = syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL)
	_ = cmd.Wait()
}
