package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"runtime"
	"slices"
	"strings"
	"syscall"

	"cgp-cred/keystore/await"
	"cgp-cred/keystore/fault"
	"cgp-cred/keystore/job"
	"cgp-cred/keystore/printable"
	"cgp-cred/keystore/program"
)

// ownVariables is the prefix of cgp-cred's variables. Some hold secrets, so a command gets none of them.
const ownVariables = "CGP_CRED_"

// child is a command that is about to be run.
type child struct {
	path  string   // of the program
	args  []string // the first is its name as the user gave it
	env   []string
	input []byte // for its stdin; nil: cgp-cred's stdin
}

// newChild finds a command's program, and takes cgp-cred's variables out of its environment.
func newChild(command []string) (*child, error) {
	path, err := exec.LookPath(command[0])
	if err != nil {
		return nil, notRun(command[0], err)
	}
	return &child{path: path, args: command, env: program.Environment()}, nil
}

// variableName returns the name in NAME=VALUE, as the system compares it.
func variableName(v string) string {
	name, _, _ := strings.Cut(v, "=")
	if runtime.GOOS == "windows" {
		return strings.ToUpper(name)
	}
	return name
}

// unset takes variables out of the command's environment.
func (c *child) unset(names ...string) {
	c.env = slices.DeleteFunc(c.env, func(v string) bool {
		return slices.ContainsFunc(names, func(name string) bool { return variableName(v) == variableName(name) })
	})
}

// set gives the command a variable.
func (c *child) set(name, value string) {
	c.unset(name)
	c.env = append(c.env, name+"="+value)
}

// run runs the command as a child, passes signals on to it, and returns its status as a [statusError].
func (c *child) run(signals *caughtSignals) error {
	// On Linux the child gets its signal when the thread that started it ends.
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	cmd := &exec.Cmd{Path: c.path, Args: c.args, Env: c.env, Stdin: os.Stdin, Stdout: os.Stdout, Stderr: os.Stderr}
	if c.input != nil {
		cmd.Stdin = strings.NewReader(string(c.input))
	}
	dieWithParent(cmd)
	restoreLimits()
	err := cmd.Start()
	harden()
	if err != nil {
		return notRun(c.args[0], err)
	}
	_, release := job.Bind(cmd.Process)
	defer release()
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	for {
		select {
		case s := <-signals.arrived:
			if !fromTerminal(s) {
				_ = cmd.Process.Signal(s) // it may have just ended
			}
		case err := <-ended:
			return status(cmd.ProcessState, err)
		}
	}
}

// startUnlessEnded starts what must run before a command does, and may wait for a keychain or a token. A signal for
// which ends returns true ends it.
func startUnlessEnded[T io.Closer](
	ctx context.Context, signals *caughtSignals, ends func(os.Signal) bool, start func(context.Context) (T, error),
) (T, error) {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	started := await.Start(func() (T, error) { return start(ctx) })
	for {
		select {
		case got := <-started:
			return got.Value, got.Err
		case s := <-signals.arrived:
			if !ends(s) {
				continue
			}
			stop()
			if got := <-started; got.Err == nil {
				_ = got.Value.Close() // what stays would give credentials away
			}
			var none T
			return none, endedBy(s)
		}
	}
}

// status returns the exit status of a command that has ended, as an error.
func status(p *os.ProcessState, err error) error {
	if p == nil {
		return err
	}
	if ws, ok := p.Sys().(syscall.WaitStatus); ok && ws.Signaled() {
		return endedBy(ws.Signal())
	}
	if p.ExitCode() == 0 {
		return nil
	}
	return &shownError{&statusError{code: p.ExitCode(), err: errors.New("the command failed")}}
}

// endedBy returns the exit status of a process that signal s ended.
func endedBy(s os.Signal) error {
	code := exitBug
	if n, ok := s.(syscall.Signal); ok {
		code = 128 + int(n)
	}
	return &shownError{&statusError{code: code, err: fmt.Errorf("ended by signal: %v", s)}}
}

// notRun returns the error of a command that can't be run: status 127 if there is no such program, otherwise 126, as
// in a shell.
func notRun(name string, err error) error {
	e := &statusError{code: 126, err: fmt.Errorf("the command %s can't be run: %w", quoted(name), err)}
	e.hint = "check that it is a program for this machine that you may run, or a script with a #! line"
	switch {
	case errors.Is(err, exec.ErrNotFound), errors.Is(err, fs.ErrNotExist):
		e.code, e.hint = 127, "check its name and PATH; shell built-ins need a shell: "+printable.InShell()
	case errors.Is(err, exec.ErrDot):
		e.hint = "to run a program in this folder, give its path: " + printable.Shell("./"+name)
	}
	return e
}

// statusError ends this process with a status that is not one of cgp-cred's.
type statusError struct {
	code int
	hint string
	err  error
}

func (e *statusError) Error() string { return e.err.Error() }
func (e *statusError) Unwrap() error { return e.err }

// FaultClass returns [fault.Usage]: the command that was named can't be run, or failed itself.
func (e *statusError) FaultClass() fault.Class { return fault.Usage }

// FaultHints returns what to check.
func (e *statusError) FaultHints() []string { return fault.Lines(e.hint) }
