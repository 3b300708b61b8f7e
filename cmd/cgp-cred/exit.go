package main

import (
	"errors"
	"fmt"
	"io"
	"slices"

	"cgp-cred/keystore"
	"cgp-cred/keystore/batch"
	"cgp-cred/keystore/fault"
	"cgp-cred/keystore/printable"
	"cgp-cred/keystore/terminal"
)

// Exit statuses. They are a contract: scripts branch on them.
const (
	exitDone      = 0
	exitBug       = 1 // and output that can't be written
	exitUsage     = 2 // usage, or a config file, bundle or key that can't be read
	exitNone      = 3 // no such profile or credential, or a host that no profile covers
	exitKeystore  = 4 // the keystore is locked, absent, refused or too slow
	exitRefused   = 5 // the token endpoint refused, and will refuse again until something changes
	exitNetwork   = 6 // network, DNS, TLS, proxy
	exitTemporary = 7 // try again
)

// classes are the exit statuses of the classes of errors, and the hints for errors without one.
var classes = [...]struct {
	status int
	hint   string
}{
	fault.Bug:       {exitBug, "this looks like a bug in cgp-cred: please report the command and this message"},
	fault.Usage:     {exitUsage, "cgp-cred help"},
	fault.None:      {exitNone, "cgp-cred list"},
	fault.Keystore:  {exitKeystore, keystore.AskDoctor},
	fault.Refused:   {exitRefused, keystore.AskDoctor},
	fault.Network:   {exitNetwork, keystore.AskDoctor},
	fault.Temporary: {exitTemporary, "run the command again"},
	fault.Output:    {exitBug, "free space for stdout, or redirect it, then run the command again"},
}

// usage returns the error of a wrong command line; hint is the next command to run.
func usage(hint, format string, args ...any) error {
	return fault.New(fault.Usage, hint, format, args...)
}

// shownError is an error that stdout has shown already: only its exit status counts.
type shownError struct{ err error }

func (e *shownError) Error() string { return e.err.Error() }
func (e *shownError) Unwrap() error { return e.err }

// FaultClass returns the class of the error that was shown.
func (e *shownError) FaultClass() fault.Class { return fault.ClassOf(e.err) }

// FaultHints returns the hints of the error that was shown.
func (e *shownError) FaultHints() []string { return fault.HintsOf(e.err) }

// report prints err, its hints and its message ID on w and returns the exit status. Nothing else prints an error.
func report(w io.Writer, err error) int {
	if err == nil {
		return exitDone
	}
	class := classes[fault.ClassOf(err)]
	if command := (*statusError)(nil); errors.As(err, &command) { // the only status that is not cgp-cred's
		class.status = command.code
	}
	if shown := (*shownError)(nil); errors.As(err, &shown) {
		return class.status
	}
	if ended := (*terminal.Interrupted)(nil); errors.As(err, &ended) {
		fmt.Fprintln(w, "cgp-cred:", ended)
		return ended.Status()
	}
	fmt.Fprintln(w, "cgp-cred:", printable.Line(err.Error()))
	hints := fault.HintsOf(err)
	if len(hints) == 0 {
		hints = []string{class.hint}
	}
	if job, ok := batch.Current(); ok && class.status == exitTemporary && job.Again() != "" {
		hints = append(slices.Clone(hints), job.Again())
	}
	for _, hint := range hints {
		if len(hint) > printable.MaxLine { // if it were cut, its quotes could end early
			hint = "the command is too long to show: its names are in the message above"
		}
		fmt.Fprintln(w, "hint:", printable.Line(hint))
	}
	if id := fault.IDOf(err); id != "" {
		fmt.Fprintln(w, "message_id:", printable.Line(id))
	}
	return class.status
}
