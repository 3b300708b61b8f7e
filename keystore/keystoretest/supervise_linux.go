package keystoretest

import (
	"bytes"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// grace is how long a process may outlive the tests: a killed process needs a moment to end.
const grace = 30 * time.Second

// supervise runs the tests in a child, adopts the processes that lose their parent there, and ends all that are left
// when the tests have ended: if the tests of a package run out of time, they can't do that.
func supervise(m interface{ Run() int }) (status int) {
	self, err := os.Executable()
	if err != nil {
		return m.Run()
	}
	if err := unix.Prctl(unix.PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0); err != nil {
		return problem(fmt.Errorf("adopting processes: %w", err))
	}
	runtime.LockOSThread() // the child's parent, as the kernel sees it, is this thread
	defer runtime.UnlockOSThread()
	signals := make(chan os.Signal, 8)
	signal.Notify(signals, syscall.SIGINT, syscall.SIGTERM, syscall.SIGQUIT, syscall.SIGHUP)
	p, err := os.StartProcess(self, os.Args, &os.ProcAttr{
		Env: append(os.Environ(), supervisedVariable+"=1"), Files: []*os.File{os.Stdin, os.Stdout, os.Stderr},
		Sys: &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL},
	})
	if err != nil {
		return problem(fmt.Errorf("starting the tests: %w", err))
	}
	go func() {
		for s := range signals {
			_ = p.Signal(s)
		}
	}()
	status = waitFor(p.Pid)
	left := endAll(time.Now().Add(grace), status == 0)
	if len(left) > 0 {
		fmt.Fprintln(os.Stderr, "the tests left these processes running:", strings.Join(left, "; "))
		status = max(status, 1)
	}
	return status
}

// waitFor waits for the process, and for adopted processes that end before it.
func waitFor(pid int) (status int) {
	for {
		var ws syscall.WaitStatus
		switch ended, err := syscall.Wait4(-1, &ws, 0, nil); {
		case err == syscall.EINTR:
		case err != nil:
			return problem(fmt.Errorf("waiting for the tests: %w", err))
		case ended == pid && ws.Exited():
			return ws.ExitStatus()
		case ended == pid:
			fmt.Fprintln(os.Stderr, "the tests were ended by a signal:", ws.Signal())
			return 128 + int(ws.Signal())
		}
	}
}

// endAll kills the descendants of this process. If patient is set, they have until end to end by themselves, and endAll
// returns those that don't.
func endAll(end time.Time, patient bool) (left []string) {
	for {
		for {
			if pid, err := syscall.Wait4(-1, nil, syscall.WNOHANG, nil); err != nil || pid <= 0 {
				break
			}
		}
		running := descendants()
		if len(running) == 0 {
			return left
		}
		if late := time.Now().After(end); !patient || late {
			for pid, name := range running {
				if patient {
					left = append(left, name)
				}
				_ = syscall.Kill(pid, syscall.SIGKILL)
			}
			if !patient && late { // it survives SIGKILL: it is stuck in the kernel
				return left
			}
			patient = false
			end = time.Now().Add(grace)
		}
		time.Sleep(10 * time.Millisecond)
	}
}

// descendants returns the numbers and command lines of the processes below this one.
func descendants() map[int]string {
	files, _ := filepath.Glob("/proc/[0-9]*/stat")
	parents := make(map[int]int)
	for _, file := range files {
		stat, err := os.ReadFile(file)
		if err != nil {
			continue // it has ended
		}
		// 1234 (its name) S PARENT: the name may have spaces and brackets.
		fields := strings.Fields(string(stat[bytes.LastIndexByte(stat, ')')+1:]))
		pid, _ := strconv.Atoi(filepath.Base(filepath.Dir(file)))
		if len(fields) > 1 && fields[0] != "Z" {
			parents[pid], _ = strconv.Atoi(fields[1])
		}
	}
	below := make(map[int]string)
	for pid := range parents {
		for up := parents[pid]; up > 0; up = parents[up] {
			if up == os.Getpid() {
				line, _ := os.ReadFile(fmt.Sprintf("/proc/%d/cmdline", pid))
				below[pid] = fmt.Sprintf("%d %s", pid, bytes.TrimSpace(bytes.ReplaceAll(line, []byte{0}, []byte{' '})))
				break
			}
		}
	}
	return below
}
