package signer

import "errors"

// What can be wrong with a signer outside the record. Match them with errors.Is; the error is an *[Error]. A program
// that can't be run is a *program.Error.
var (
	// ErrUnavailable: there is no agent, or it can't be reached.
	ErrUnavailable = errors.New("it can't be reached")
	// ErrNotOurs: another user runs it.
	ErrNotOurs = errors.New("it is not ours")
	// ErrNoSuchKey: it answers, and does not have the key.
	ErrNoSuchKey = errors.New("it does not have the key")
	// ErrLocked: it shows no key at all.
	ErrLocked = errors.New("it shows no key: it is locked, or none was added")
	// ErrRefused: it has the key, and does not sign with it.
	ErrRefused = errors.New("it refused to sign")
	// ErrNotGiven: a record names its program, and nothing says that the user gave it on this machine; see [Permit].
	ErrNotGiven = errors.New("its command was not given on this machine, and is not run")
	// ErrTimeout: no answer in time.
	ErrTimeout = errors.New("it did not answer in time")
	// ErrWrong: what it answered is not what was asked for.
	ErrWrong = errors.New("its answer can't be used")
)

// Error is a signer that does not sign. It never holds what was signed, or a signature.
type Error struct {
	Kind   error  // one of the sentinels
	Who    string // "ssh-agent" or "exec"
	Detail string // printable ASCII; may be empty

	next string // what to do
}

func (e *Error) Error() string {
	s := e.Who + ": " + e.Kind.Error()
	if e.Detail != "" {
		s += ": " + e.Detail
	}
	return s
}

// Unwrap returns the kind.
func (e *Error) Unwrap() error { return e.Kind }

// Hint returns the next command or action; each line is one.
func (e *Error) Hint() string { return e.next }
