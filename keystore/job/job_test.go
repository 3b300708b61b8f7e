package job_test

import (
	"bufio"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"testing"
	"time"

	"cgp-cred/keystore/job"
)

// This test program, started again, is a parent with a child, or that child.
func TestMain(m *testing.M) {
	switch os.Getenv("JOB_TEST") {
	case "parent":
		child := exec.Command(os.Args[0])
		child.Env = append(os.Environ(), "JOB_TEST=child")
		child.Stdout = os.Stdout
		if err := child.Start(); err != nil {
			panic(err)
		}
		_, _ = job.Bind(child.Process)
		time.Sleep(time.Hour)
	case "child":
		fmt.Println("started")
		time.Sleep(time.Hour)
	}
	os.Exit(m.Run())
}

// A process that is killed takes its child along: the child has the pipe open as long as it lives.
func TestKilledParent(t *testing.T) {
	t.Parallel()
	if runtime.GOOS != "windows" {
		kill, release := job.Bind(nil)
		kill()
		release()
		return
	}
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	parent := exec.CommandContext(t.Context(), os.Args[0])
	parent.Env = append(os.Environ(), "JOB_TEST=parent")
	parent.Stdout = w
	if err := parent.Start(); err != nil {
		t.Fatal(err)
	}
	_ = w.Close()
	lines := bufio.NewReader(r)
	if line, err := lines.ReadString('\n'); err != nil {
		t.Fatalf("%q, %v", line, err)
	}
	if err := parent.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = parent.Wait()
	if line, err := lines.ReadString('\n'); err == nil {
		t.Errorf("the child still runs: %q", line)
	}
}
