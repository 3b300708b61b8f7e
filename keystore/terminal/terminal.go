// Package terminal asks the user at a terminal.
package terminal

import (
	"cmp"
	"context"
	"errors"
	"io"
	"os"
	"strings"
	"syscall"

	"cgp-cred/keystore/fault"
)

// ErrEnded is the answer of a user who pressed Ctrl-D (on Windows Ctrl-Z) instead of answering.
var ErrEnded = errors.New("the question was not answered")

// Interrupted is the error of a question that a signal, or the end of the terminal, ended. It matches
// [context.Canceled].
type Interrupted struct {
	Signal os.Signal
	Kept   string // what the command has done before; empty: nothing was changed
}

func (e *Interrupted) Error() string {
	what := "interrupted"
	switch e.Signal {
	case syscall.SIGTERM:
		what = "terminated"
	case syscall.SIGHUP:
		what = "the terminal was closed"
	}
	return what + ": " + cmp.Or(e.Kept, "nothing was changed")
}

// Unwrap returns [context.Canceled].
func (e *Interrupted) Unwrap() error { return context.Canceled }

// FaultClass returns [fault.Temporary]: the same command can be run again.
func (e *Interrupted) FaultClass() fault.Class { return fault.Temporary }

// FaultHints returns no hints: the user knows.
func (e *Interrupted) FaultHints() []string { return nil }

// Status returns the exit status that a shell reports for a process that the signal ended.
func (e *Interrupted) Status() int {
	if s, ok := e.Signal.(syscall.Signal); ok {
		return 128 + int(s)
	}
	return 128 + int(syscall.SIGINT)
}

// Hidden prints a question on out and reads a line from a terminal that does not show it. What was typed before the
// question is dropped: the terminal has shown it. However the question ends, the terminal then shows what is typed
// again. The error is an [Interrupted], [ErrEnded], or that of ctx.
func Hidden(ctx context.Context, in *os.File, out io.Writer, question string) ([]byte, error) {
	return ask(ctx, in, out, question, true)
}

// Line is as [Hidden], but the terminal shows what is typed. What was typed before the question is no answer to it.
func Line(ctx context.Context, in *os.File, out io.Writer, question string) (string, error) {
	line, err := ask(ctx, in, out, question, false)
	return strings.TrimSpace(string(line)), err
}

// clean returns a line as the user meant it: without its end, and without what a terminal puts around pasted text if a
// program before this one has asked for that.
func clean(line []byte) []byte {
	defer clear(line)
	pasted := strings.NewReplacer("\x1b[200~", "", "\x1b[201~", "")
	return []byte(pasted.Replace(strings.TrimRight(string(line), "\r\n")))
}
