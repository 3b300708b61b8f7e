package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"cgp-cred/keystore/fault"
	"cgp-cred/keystore/printable"
)

// Exit statuses. They are a contract: scripts branch on them.
const (
	exitDone      = 0
	exitBug       = 1 // and output that can't be written
	exitUsage     = 2 // usage, or a config file, bundle or key that can't be read
	exitNone      = 3 // no such profile or credential, or a host that no profile covers
	exitKeystore  = 4 // the keystore is locked, absent, refused or too slow
	exitRefused   = 5 // the token endpoint refused us, and will again until something is changed
	exitNetwork   = 6 // network, DNS, TLS, proxy
	exitTemporary = 7 // try again
)

// usageError is a command line that can't be carried out.
type usageError struct {
	what string
	hint string
}

func (e *usageError) Error() string { return e.what }
func (e *usageError) Hint() string  { return e.hint }

// usage returns a usageError; hint is the next command to run.
func usage(hint, format string, args ...any) error {
	return &usageError{what: fmt.Sprintf(format, args...), hint: hint}
}

// flagError turns what the flag parser says into a usage error that names the command's help.
func flagError(cmd *cobra.Command, err error) error {
	what, _, _ := strings.Cut(err.Error(), " in -") // of -kSECRET the letter is enough
	return &usageError{what: what, hint: cmd.CommandPath() + " --help"}
}

// shownError ends the program with the status of an error that stdout has told of already.
type shownError struct{ err error }

func (e *shownError) Error() string { return e.err.Error() }
func (e *shownError) Unwrap() error { return e.err }

// report prints err, its hints and its message ID on w and returns the exit status. Nothing else prints an error.
func report(w io.Writer, err error) int {
	if err == nil {
		return exitDone
	}
	code := exitCode(err)
	if is[*shownError](err) {
		return code
	}
	fmt.Fprintln(w, "cgp-cred:", printable.Line(err.Error()))
	for hint := range strings.SplitSeq(hintOf(err, code), "\n") {
		if len(hint) > printable.MaxLine { // cut, its quotes might end early
			hint = "the command for it is too long to show: its names are in the message above"
		}
		fmt.Fprintln(w, "hint:", printable.Line(hint))
	}
	var withID interface{ MessageID() string }
	if errors.As(err, &withID) && withID.MessageID() != "" {
		fmt.Fprintln(w, "message_id:", printable.Line(withID.MessageID()))
	}
	return code
}

// hintOf returns the hint that err carries, or one for its exit status.
func hintOf(err error, code int) string {
	if hints := fault.HintsOf(err); len(hints) > 0 {
		return strings.Join(hints, "\n")
	}
	var hinted interface{ Hint() string }
	if errors.As(err, &hinted) && hinted.Hint() != "" {
		return hinted.Hint()
	}
	var at *os.PathError
	switch {
	case code == exitUsage && errors.As(err, &at):
		return "look at it, and at the folder that it is in: " + printable.Shell("ls", "-ld", at.Path)
	case code == exitUsage:
		return "cgp-cred help"
	case code == exitTemporary:
		return "run the command again"
	}
	return "this looks like a bug in cgp-cred: please report the command and this message"
}

// statuses are the exit statuses of the classes of errors.
var statuses = [...]int{
	fault.Bug:       exitBug,
	fault.Usage:     exitUsage,
	fault.None:      exitNone,
	fault.Keystore:  exitKeystore,
	fault.Refused:   exitRefused,
	fault.Network:   exitNetwork,
	fault.Temporary: exitTemporary,
	fault.Output:    exitBug,
}

// exitCode chooses the status of err by its class.
func exitCode(err error) int {
	var command *statusError
	var classified fault.Classified
	switch {
	case errors.As(err, &command):
		return command.code
	case errors.As(err, &classified):
		return statuses[classified.FaultClass()]
	case is[*usageError](err):
		return exitUsage
	case errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		return exitTemporary
	case is[*OutputError](err):
		return exitBug
	case is[*os.PathError](err), is[*os.LinkError](err): // a config folder that can't be written
		return exitUsage
	}
	return exitBug
}

// is reports whether an error of type T is in err's chain.
func is[T error](err error) bool {
	var target T
	return errors.As(err, &target)
}
