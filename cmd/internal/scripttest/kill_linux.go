package scripttest

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"unsafe"

	"github.com/rogpeppe/go-internal/testscript"
	"golang.org/x/sys/unix"
)

const (
	// allKills is the variable that lets killed kill at every system call, and not at a few.
	allKills = "CGP_CRED_ALL_KILLS"
	// spread chooses a system call for each command.
	spread = 29
	// killedStatus is a shell's exit status for a process that was killed.
	killedStatus = 128 + int(syscall.SIGKILL)
	// neverKilled is more system calls than a command makes.
	neverKilled = 1 << 20
	// killedCalls is the file that says how many there were.
	killedCalls = "killed.calls"
)

// survives-kill BEGIN OLD NEW COMMAND... holds that a command which is killed with SIGKILL, at whichever system call, leaves the
// old state or the new one. Each time it runs "sh begin.sh BEGIN", then the command, and when that is dead "sh check.sh
// OLD NEW". First the command is let run to its end. It is killed at one of its calls, another one for each command, and
// with CGP_CRED_ALL_KILLS=1 at each.
func survivesKill(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 4 {
		ts.Fatalf("usage: survives-kill BEGIN OLD NEW COMMAND...")
	}
	u := of(ts)
	u.kills++
	k := kill{ts: ts, begin: args[0], check: []string{"check.sh", args[1], args[2]}, command: args[3:]}
	all, _ := k.at(neverKilled)
	if os.Getenv(allKills) == "" {
		n := 1 + u.kills*spread%all
		if _, err := k.at(n); err != nil {
			ts.Fatalf("%v", err)
		}
		return
	}
	var failed []error
	n := 1
	for ; ; n++ { // there may be some more or fewer calls each time
		calls, err := k.at(n)
		if err != nil {
			failed = append(failed, err)
		}
		if calls < n {
			break
		}
	}
	u.Logf("%q: killed at %d calls, %d failures", strings.Join(k.command, " "), n-1, len(failed))
	if err := errors.Join(failed...); err != nil {
		ts.Fatalf("%v", err)
	}
}

// kill is a command that is to be killed, and what is done before and after.
type kill struct {
	ts      *testscript.TestScript
	begin   string
	check   []string
	command []string
}

// at kills the command just before its nth system call that changes something, and returns how many there were. The error
// is what is wrong afterwards; a command that was not killed is not looked at.
func (k kill) at(n int) (calls int, wrong error) {
	ts := k.ts
	ts.Check(ts.Exec("sh", "begin.sh", k.begin))
	argv := append([]string{strconv.Itoa(n), ts.MkAbs(killedCalls)}, k.command...)
	status := exitStatus(ts, ts.Exec("kill-at-syscall", argv...))
	text := ts.ReadFile(killedCalls)
	var last string
	if _, err := fmt.Sscan(text, &calls, &last); err != nil || calls == 0 {
		ts.Fatalf("%q: %v", text, err)
	}
	switch {
	case calls < n && status == 0:
		return calls, nil
	case calls < n || status != killedStatus:
		ts.Fatalf("call %d (%s): exit status %d: %s", calls, last, status, ts.ReadFile("stderr"))
	}
	if err := ts.Exec("sh", k.check...); err != nil {
		return calls, fmt.Errorf("%q killed at its call %d (%s): %s", k.command, n, last, ts.ReadFile("stdout"))
	}
	return calls, nil
}

// changing are the system calls that change something that outlives the process, or that another one sees.
var changing = map[uint64]string{
	unix.SYS_WRITE: "write", unix.SYS_WRITEV: "writev", unix.SYS_PWRITE64: "pwrite64", unix.SYS_SENDTO: "sendto",
	unix.SYS_SENDMSG: "sendmsg", unix.SYS_CONNECT: "connect", unix.SYS_MKDIRAT: "mkdirat", unix.SYS_RENAMEAT: "renameat",
	unix.SYS_RENAMEAT2: "renameat2", unix.SYS_LINKAT: "linkat", unix.SYS_SYMLINKAT: "symlinkat",
	unix.SYS_UNLINKAT: "unlinkat", unix.SYS_FCHMOD: "fchmod", unix.SYS_FCHMODAT: "fchmodat", unix.SYS_FSYNC: "fsync",
	unix.SYS_FTRUNCATE: "ftruncate", unix.SYS_FLOCK: "flock", unix.SYS_ADD_KEY: "add_key", unix.SYS_KEYCTL: "keyctl",
	unix.SYS_WAITID: "waitid", unix.SYS_WAIT4: "wait4", unix.SYS_EXIT_GROUP: "exit_group",
}

// killedAt N FILE COMMAND... is a program of its own: it kills a command just before its Nth system call that changes
// something, counted over all its threads, and writes into FILE how many there were and what the last one was. What the
// command has started goes on, as after any kill.
func killAtSyscall() {
	runtime.LockOSThread()
	n, err := strconv.Atoi(os.Args[1])
	if err != nil {
		panic(err)
	}
	path, err := exec.LookPath(os.Args[3])
	if err != nil {
		panic(err)
	}
	pid, err := syscall.ForkExec(path, os.Args[3:], &syscall.ProcAttr{
		Env: os.Environ(), Files: []uintptr{0, 1, 2}, Sys: &syscall.SysProcAttr{Ptrace: true},
	})
	if err != nil {
		panic(err)
	}
	t := tracee{pid: pid, left: n, last: "none"}
	status := t.run()
	if err := os.WriteFile(os.Args[2], fmt.Appendln(nil, t.calls, t.last), 0o600); err != nil {
		panic(err)
	}
	os.Exit(status)
}

// tracee is a process that is to be killed.
type tracee struct {
	pid, left, calls int
	last             string
	threads          []int
}

// run lets it go on to its end, and returns a shell's exit status.
func (t *tracee) run() int {
	for {
		var ws syscall.WaitStatus
		tid, err := syscall.Wait4(-1, &ws, syscall.WALL, nil)
		switch {
		case errors.Is(err, syscall.EINTR):
			continue
		case err != nil:
			panic(err)
		case tid == t.pid && ws.Exited():
			return ws.ExitStatus()
		case tid == t.pid && ws.Signaled():
			return 128 + int(ws.Signal())
		case ws.Stopped():
			t.stopped(tid, ws.StopSignal())
		}
	}
}

// stopped lets a thread go on that has stopped.
func (t *tracee) stopped(tid int, sig syscall.Signal) {
	const sysGood = 0x80
	first := !slices.Contains(t.threads, tid)
	switch {
	case first:
		t.threads = append(t.threads, tid)
		if sig = 0; tid == t.pid {
			if err := syscall.PtraceSetOptions(tid, syscall.PTRACE_O_TRACECLONE|syscall.PTRACE_O_TRACESYSGOOD); err != nil {
				panic(err)
			}
		}
	case sig == syscall.SIGTRAP|sysGood:
		sig = 0
		if name, ok := changing[entered(tid)]; ok && t.left > 0 {
			t.calls, t.last = t.calls+1, name
			if t.left--; t.left == 0 {
				_ = syscall.Kill(t.pid, syscall.SIGKILL) // the call is not made
			}
		}
	case sig == syscall.SIGTRAP: // a new thread, or its like
		sig = 0
	}
	if err := syscall.PtraceSyscall(tid, int(sig)); err != nil && !errors.Is(err, syscall.ESRCH) {
		panic(err)
	}
}

// entered is the number of the system call that a thread is about to make, or none.
func entered(tid int) uint64 {
	const getInfo, entry = 0x420e, 1 // PTRACE_GET_SYSCALL_INFO
	info := struct {
		op   uint8
		_    [7]uint8
		_    [2]uint64
		nr   uint64
		args [6]uint64
		_    [4]uint64
	}{}
	_, _, errno := syscall.Syscall6(syscall.SYS_PTRACE, getInfo, uintptr(tid), unsafe.Sizeof(info), uintptr(unsafe.Pointer(&info)), 0, 0)
	if errno != 0 || info.op != entry {
		return 1<<64 - 1
	}
	if info.nr == unix.SYS_OPENAT && info.args[2]&unix.O_CREAT != 0 {
		return unix.SYS_LINKAT // it makes a name
	}
	return info.nr
}
