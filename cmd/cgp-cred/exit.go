package main

import (
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"cgp-cred/keystore/printable"
)

// Exit statuses. They are a contract: scripts branch on them.
const (
	exitDone      = 0
	exitBug       = 1
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
	return &usageError{what: err.Error(), hint: cmd.CommandPath() + " --help"}
}

// report prints err, its hints and its message ID on w and returns the exit status. Nothing else prints an error.
func report(w io.Writer, err error) int {
	if err == nil {
		return exitDone
	}
	code := exitCode(err)
	fmt.Fprintln(w, "cgp-cred:", printable.Line(err.Error()))
	for hint := range strings.SplitSeq(hintOf(err, code), "\n") {
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
	var hinted interface{ Hint() string }
	if errors.As(err, &hinted) && hinted.Hint() != "" {
		return hinted.Hint()
	}
	if code == exitUsage {
		return "cgp-cred help"
	}
	return "this looks like a bug in cgp-cred: run the command again with -v and report what it prints"
}

// exitCode chooses the status of err by its type.
func exitCode(err error) int {
	var usage *usageError
	switch {
	case errors.As(err, &usage):
		return exitUsage
	}
	return exitBug
}
