package program

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"cgp-cred/keystore/printable"
)

// How a run can fail. Match them with errors.Is.
var (
	// ErrNotFound: it ended with status 3: it has no such record.
	ErrNotFound = errors.New("it has no such record")
	// ErrChanged: it ended with status 4: its record has another rev than the expected one.
	ErrChanged = errors.New("its record was changed meanwhile")
	// ErrStart: it could not be started.
	ErrStart = errors.New("it could not be started")
	// ErrFailed: it ended with another status than 0 and 3, or by a signal.
	ErrFailed = errors.New("it failed")
	// ErrTimeout: it did not end in time, and was killed.
	ErrTimeout = errors.New("it did not end in time")
	// ErrOutput: it printed more than anything it could be asked for, and was killed.
	ErrOutput = errors.New("it printed more than 64 KiB")
)

// Error is a run that failed. It holds nothing that the program printed on stdout or read from stdin.
type Error struct {
	Kind    error  // one of the sentinels
	Program string // its path
	Verb    string // what it was asked to do
	Profile string // may be empty
	How     string // "exit status 1", or why it could not be started; may be empty
	Said    string // its stderr: printable, at most 200 bytes; may be empty

	took     time.Duration
	expected bool // it was told which rev to expect
}

func (e *Error) Error() string {
	s := fmt.Sprintf("program %q, asked to %s: %v", printable.Text(e.Program), e.Verb, e.Kind)
	if errors.Is(e.Kind, ErrTimeout) {
		s += ": killed after " + e.took.Round(100*time.Millisecond).String()
	}
	if e.How != "" {
		s += ": " + printable.Text(e.How)
	}
	if e.Said != "" {
		s += "; it said: " + e.Said
	}
	return s
}

// Unwrap returns the kind.
func (e *Error) Unwrap() error { return e.Kind }

// Hint is the command with which to look for the cause.
func (e *Error) Hint() string {
	by := "try it by hand: " + strings.TrimSpace(printable.Shell(e.Program)+" ... "+e.Verb+" "+e.Profile)
	switch {
	case errors.Is(e.Kind, ErrStart):
		return "check that the program is there and may be run: " + printable.Shell("ls", "-l", e.Program)
	case errors.Is(e.Kind, ErrTimeout):
		return by + "; more time: CGP_CRED_KEYCHAIN_TIMEOUT=60s"
	}
	return by
}

// CommandError is a command that can't be run or kept.
type CommandError struct {
	Command string // its first word; may be empty
	Problem string
}

func (e *CommandError) Error() string {
	if e.Command == "" {
		return "command: " + e.Problem
	}
	return fmt.Sprintf("command %q: %s", printable.Text(e.Command), e.Problem)
}

// Hint shows one that would do.
func (e *CommandError) Hint() string {
	return `give an absolute path and its arguments, split at blanks, without a shell: "/opt/hsm/sign --slot 3"; put anything else into a script`
}
