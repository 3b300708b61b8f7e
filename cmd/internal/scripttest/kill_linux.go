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
	// allKills is the environment variable that makes survives-kill kill at every system call, not only at one.
	allKills = "CGP_CRED_ALL_KILLS"
	// spread chooses the system call for each command.
	spread = 29
	// killedStatus is a shell's exit status for a killed process.
	killedStatus = 128 + int(syscall.SIGKILL)
	// neverKilled is more system calls than a command makes.
	neverKilled = 1 << 20
	// killedCalls is the file with the number of calls.
	killedCalls = "killed.calls"
)

// systemState is what only this system's verbs keep.
type systemState struct {
	kills int // by survives-kill
}

// survives-kill BEGIN OLD NEW COMMAND... checks that a command that is killed with SIGKILL, at any system call,
// leaves the old state or the new one. Each time it runs "sh begin.sh BEGIN", the command, and "sh check.sh OLD NEW".
// The first time it does not kill the command. Then it kills it at one system call, a different one for each command,
// or with CGP_CRED_ALL_KILLS=1 at each system call in turn.
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
	for ; ; n++ { // the number of calls differs a little each time
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

// kill is a command to kill, with what runs before and after it.
type kill struct {
	ts      *testscript.TestScript
	begin   string
	check   []string
	command []string
}

// at kills the command just before its nth system call that changes something, and returns the number of such calls.
// The error says what is wrong afterwards; if the command was not killed, nothing is checked.
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

// changing are the system calls whose effect outlives the process, or that another process can see.
var changing = map[uint64]string{
	unix.SYS_WRITE: "write", unix.SYS_WRITEV: "writev", unix.SYS_PWRITE64: "pwrite64", unix.SYS_SENDTO: "sendto",
	unix.SYS_SENDMSG: "sendmsg", unix.SYS_CONNECT: "connect", unix.SYS_MKDIRAT: "mkdirat",
	unix.SYS_RENAMEAT: "renameat", unix.SYS_RENAMEAT2: "renameat2", unix.SYS_LINKAT: "linkat",
	unix.SYS_SYMLINKAT: "symlinkat",
	unix.SYS_UNLINKAT:  "unlinkat", unix.SYS_FCHMOD: "fchmod", unix.SYS_FCHMODAT: "fchmodat", unix.SYS_FSYNC: "fsync",
	unix.SYS_FCHOWN:    "fchown",
	unix.SYS_FTRUNCATE: "ftruncate", unix.SYS_FLOCK: "flock", unix.SYS_ADD_KEY: "add_key", unix.SYS_KEYCTL: "keyctl",
	unix.SYS_WAITID: "waitid", unix.SYS_WAIT4: "wait4", unix.SYS_EXIT_GROUP: "exit_group",
}

// kill-at-syscall N FILE COMMAND... is a program: it kills a command just before its Nth system call that changes
// something, counted over all its threads, and writes to FILE the number of such calls and the name of the last one.
// Processes that the command has started continue, as after any kill.
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

// tracee is the process to kill.
type tracee struct {
	pid, left, calls int
	last             string
	threads          []int
}

// run traces the process to its end, and returns a shell's exit status.
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

// stopped handles a thread that has stopped, and continues it.
func (t *tracee) stopped(tid int, sig syscall.Signal) {
	const sysGood = 0x80
	first := !slices.Contains(t.threads, tid)
	switch {
	case first:
		t.threads = append(t.threads, tid)
		if sig = 0; tid == t.pid {
			const options = syscall.PTRACE_O_TRACECLONE | syscall.PTRACE_O_TRACESYSGOOD
			if err := syscall.PtraceSetOptions(tid, options); err != nil {
				panic(err)
			}
		}
	case sig == syscall.SIGTRAP|sysGood:
		sig = 0
		if name, ok := changing[entered(tid)]; ok && t.left > 0 {
			t.calls, t.last = t.calls+1, name
			if t.left--; t.left == 0 {
				_ = syscall.Kill(t.pid, syscall.SIGKILL) // before the call is made
			}
		}
	case sig == syscall.SIGTRAP: // a new thread, for example
		sig = 0
	}
	if err := syscall.PtraceSyscall(tid, int(sig)); err != nil && !errors.Is(err, syscall.ESRCH) {
		panic(err)
	}
}

// entered returns the number of the system call that a thread is about to make, or a number that is no system call.
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
	_, _, errno := syscall.Syscall6(syscall.SYS_PTRACE, getInfo, uintptr(tid),
		unsafe.Sizeof(info), uintptr(unsafe.Pointer(&info)), 0, 0)
	if errno != 0 || info.op != entry {
		return 1<<64 - 1
	}
	if info.nr == unix.SYS_OPENAT && info.args[2]&unix.O_CREAT != 0 {
		return unix.SYS_LINKAT // it creates a file, as linkat does
	}
	return info.nr
}
