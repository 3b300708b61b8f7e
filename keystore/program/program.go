// Package program runs the external programs that a user chooses instead of the keychain or a private key.
package program

import (
	"bytes"
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"cgp-cred/keystore/job"
)

// Limits of one run.
const (
	maxOutput   = 64 << 10               // bytes of stdout: a record, a public key or a signature is far smaller
	maxInput    = 4 << 10                // bytes of stdin: every system's pipes hold that many, and a record has 2,400
	maxErrors   = 4 << 10                // bytes of stderr that are kept; the rest is read and dropped
	usualLimit  = 30 * time.Second       // if the context has no deadline
	afterKilled = 500 * time.Millisecond // time for a grandchild that holds the pipes
)

// notFoundStatus is the exit status of a program that has no such record.
const notFoundStatus = 3

// changedStatus is the exit status of a program whose record has another rev than the given one.
const changedStatus = 4

// Call is one run of a program.
type Call struct {
	Argv    []string // what the user named: an absolute path, and arguments
	Verb    string   // added to Argv, and so are Profile and More
	Profile string   // or another name
	More    []string
	Stdin   []byte   // at most 4 KiB: the program gets it whole before it starts
	Text    []byte   // instead of Stdin, of any length: the program reads it while cgp-cred writes it
	Env     []string // variables that it gets in addition
	Name    string   // the program reports errors as cgp-cred does, by this name; empty: it does not
}

// Run runs argv with the verb, the profile's name and more added: see [Call.Run].
func Run(
	ctx context.Context, argv []string, verb, profile string, stdin []byte, more ...string,
) (stdout []byte, err error) {
	return Call{Argv: argv, Verb: verb, Profile: profile, Stdin: stdin, More: more}.Run(ctx)
}

// Run runs the program without a shell, in its own folder, and returns its stdout, at most 64 KiB. The program gets no
// CGP_CRED_* variable except those in Env. Run kills it when ctx ends, or after 30 s if ctx has no deadline. If the
// caller cancelled ctx, Run returns that error; every other error of a run matches one of the sentinels and has the
// class [fault.Keystore].
func (c Call) Run(ctx context.Context) (stdout []byte, err error) {
	if err := Check(c.Argv); err != nil {
		return nil, err
	}
	if _, bounded := ctx.Deadline(); !bounded {
		var stop context.CancelFunc
		ctx, stop = context.WithTimeout(ctx, usualLimit)
		defer stop()
	}
	running, kill := context.WithCancel(ctx)
	defer kill()
	out := &Capped{Limit: maxOutput, Full: kill}
	said := &Capped{Limit: maxErrors}
	cmd := c.command(running)
	cmd.Stdout, cmd.Stderr = out, said
	if len(c.Stdin) > 0 {
		pipe, err := filled(c.Stdin)
		if err != nil {
			o := c.outcome()
			o.kind, o.how, o.words = ErrStart, err.Error(), nil
			return nil, o.fault()
		}
		defer pipe.Close() //nolint:errcheck // opened for reading
		cmd.Stdin = pipe
	}
	started := time.Now()
	if err := run(running, cmd); err != nil || out.Over {
		o := c.outcome()
		o.raw = withheld(said.Kept, c.Stdin, c.Text, out.Kept)
		o.took = time.Since(started)
		clear(out.Kept)
		if errors.Is(ctx.Err(), context.Canceled) {
			return nil, context.Cause(ctx)
		}
		o.how, o.kind = explain(ctx, err, out.Over, len(c.More) > 0)
		return nil, o.fault()
	}
	return out.Kept, nil
}

// run runs a command. On Windows all that it has started ends with ctx and with this process.
func run(ctx context.Context, cmd *exec.Cmd) error {
	if err := cmd.Start(); err != nil {
		return err
	}
	kill, release := job.Bind(cmd.Process)
	defer release()
	err := cmd.Wait()
	if ctx.Err() != nil {
		kill()
	}
	return err
}

// command returns the process, which has no stdin that must be whole.
func (c Call) command(ctx context.Context) *exec.Cmd {
	args := append(append(slices.Clone(c.Argv[1:]), c.Verb, c.Profile), c.More...)
	// #nosec G204 -- the user chose the program, and there is no shell
	cmd := exec.CommandContext(ctx, c.Argv[0], args...)
	cmd.Dir = filepath.Dir(c.Argv[0]) // not the current folder, which may be another user's
	cmd.Env = append(Environment(), c.Env...)
	cmd.WaitDelay = afterKilled
	if len(c.Text) > 0 {
		cmd.Stdin = bytes.NewReader(c.Text)
	}
	return cmd
}

// outcome returns what is known of a failed run before it starts.
func (c Call) outcome() outcome {
	return outcome{program: c.Argv[0], words: c.Argv, verb: c.Verb, profile: c.Profile, name: c.Name}
}

// filled returns a pipe that holds all of text and then its end. If the program started first and cgp-cred were killed,
// the program would find only the end, and could store that instead of a record.
func filled(text []byte) (*os.File, error) {
	if len(text) > maxInput {
		return nil, errInput
	}
	r, w, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	if _, err := w.Write(text); err != nil {
		return nil, errors.Join(err, w.Close(), r.Close())
	}
	if err := w.Close(); err != nil {
		return nil, errors.Join(err, r.Close())
	}
	return r, nil
}

// explain returns the kind of a failed run and, if known, more about it. expected says that the program was told which
// rev to expect.
func explain(ctx context.Context, err error, over, expected bool) (how string, kind error) {
	var exit *exec.ExitError
	switch {
	case over:
		return "", ErrOutput
	case ctx.Err() != nil:
		return "", ErrTimeout
	case errors.As(err, &exit) && exit.ExitCode() == notFoundStatus:
		return "", ErrNotFound
	case errors.As(err, &exit) && expected && exit.ExitCode() == changedStatus:
		return "", ErrChanged
	case errors.As(err, &exit):
		return exit.String(), ErrFailed
	case errors.Is(err, exec.ErrWaitDelay):
		return "it ended, but a program that it started continues and keeps its output open", ErrFailed
	}
	return Reason(err), ErrStart
}

// Reason returns why a program could not be started, without the path, which the message has.
func Reason(err error) string {
	var path *os.PathError
	if errors.As(err, &path) {
		return path.Err.Error()
	}
	return err.Error()
}

// Environment returns this process's environment without the variables that may hold a secret of cgp-cred's.
func Environment() []string { return environment(os.Environ()) }

// environment returns an environment without the variables that may hold a secret of cgp-cred's.
func environment(all []string) []string {
	return slices.DeleteFunc(slices.Clone(all), func(s string) bool {
		return len(s) >= len(prefix) && strings.EqualFold(s[:len(prefix)], prefix) // Windows compares names in any case
	})
}

const prefix = "CGP_CRED_"

// Capped keeps the first bytes that are written to it. If Full is set, more bytes are an error.
type Capped struct {
	Kept  []byte
	Limit int
	Full  func() // called when there are more; nil: they are dropped
	Over  bool   // there were more
}

var (
	errFull  = errors.New("too much output")
	errInput = errors.New("its input is over 4 KiB")
)

func (c *Capped) Write(p []byte) (int, error) {
	room := min(len(p), c.Limit-len(c.Kept))
	c.Kept = append(c.Kept, p[:room]...)
	if room == len(p) {
		return room, nil
	}
	c.Over = true
	if c.Full == nil {
		return len(p), nil
	}
	c.Full()
	return room, errFull
}
