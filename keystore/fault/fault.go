// Package fault defines how every error of cgp-cred looks: what failed and why, the class that decides the exit status,
// and hints what to do next.
package fault

import (
	"context"
	"errors"
	"fmt"
	"strings"
)

// Class is the kind of a failure. Only it decides the exit status.
type Class int

const (
	// Bug is a defect in cgp-cred. An error without a class counts as a Bug.
	Bug Class = iota
	// Usage is a command line, a config file, a bundle, a key or a folder that can't be used.
	Usage
	// None is a profile or a credential that does not exist, or a host that no profile covers.
	None
	// Keystore is a keystore or a signer that is locked, absent, too slow, or that refused.
	Keystore
	// Refused is a refusal of the token endpoint. It stays the same until the user changes something.
	Refused
	// Network is DNS, TLS, a proxy, or a reply that is not from APIM.
	Network
	// Temporary is a failure that may pass: 429, 5xx, a lock, a deadline.
	Temporary
	// Output is a failure to write the result to stdout.
	Output
)

// Error is a failure whose facts no caller needs. An error with facts that a caller reads has its own type, which
// implements [Classified].
type Error struct {
	Class Class
	What  string   // the whole text: what failed, then why; empty: the text of Err
	Hints []string // what to do next, a command each if possible
	ID    string   // the message_id that APIM's support asks for; usually empty
	Err   error    // the cause, for errors.Is and errors.As; may be nil
}

// Classified is an error that has a class and hints. Every error type of cgp-cred implements it.
type Classified interface {
	error
	FaultClass() Class
	FaultHints() []string
}

// New returns an error of a class. Each line of hint is one hint.
func New(class Class, hint, format string, args ...any) *Error {
	return &Error{Class: class, What: fmt.Sprintf(format, args...), Hints: Lines(hint)}
}

// Wrap returns an error of a class whose text is what, a colon and err. Each line of hint is one hint.
func Wrap(class Class, hint, what string, err error) *Error {
	return &Error{Class: class, What: what + ": " + err.Error(), Hints: Lines(hint), Err: err}
}

// Of gives err a class and hints, and keeps its text. Each line of hint is one hint.
func Of(class Class, hint string, err error) *Error {
	return &Error{Class: class, Hints: Lines(hint), Err: err}
}

// Lines splits a hint into its lines. An empty hint has no lines.
func Lines(hint string) []string {
	if hint == "" {
		return nil
	}
	return strings.Split(hint, "\n")
}

func (e *Error) Error() string {
	if e.What == "" && e.Err != nil {
		return e.Err.Error()
	}
	return e.What
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

// FaultClass returns the class.
func (e *Error) FaultClass() Class { return e.Class }

// FaultHints returns the hints, or those of the cause.
func (e *Error) FaultHints() []string {
	if len(e.Hints) == 0 {
		return HintsOf(e.Err)
	}
	return e.Hints
}

// MessageID returns the ID, or that of the cause.
func (e *Error) MessageID() string {
	if e.ID == "" {
		return IDOf(e.Err)
	}
	return e.ID
}

// ClassOf returns the class of the outermost error in err's chain that has one. An expired deadline or an interruption
// is Temporary; any other error without a class is a Bug.
func ClassOf(err error) Class {
	var classified Classified
	switch {
	case errors.As(err, &classified):
		return classified.FaultClass()
	case errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		return Temporary
	}
	return Bug
}

// HintsOf returns the hints of the outermost classified error in err's chain, or nil.
func HintsOf(err error) []string {
	switch e := err.(type) { //nolint:errorlint // it walks the chain itself
	case nil:
		return nil
	case Classified:
		return e.FaultHints()
	case interface{ Unwrap() []error }:
		for _, one := range e.Unwrap() {
			if hints := HintsOf(one); len(hints) > 0 {
				return hints
			}
		}
		return nil
	}
	return HintsOf(errors.Unwrap(err))
}

// HintOf returns the hints of err in one line, or usual if it has no hints.
func HintOf(err error, usual string) string {
	if hints := HintsOf(err); len(hints) > 0 {
		return strings.Join(hints, "; ")
	}
	return usual
}

// OneLine returns err and its hints in one line, for a warning.
func OneLine(err error) string {
	if hint := HintOf(err, ""); hint != "" {
		return err.Error() + " (" + hint + ")"
	}
	return err.Error()
}

// IDOf returns the message ID in err's chain, or "".
func IDOf(err error) string {
	var identified interface{ MessageID() string }
	if errors.As(err, &identified) {
		return identified.MessageID()
	}
	return ""
}
