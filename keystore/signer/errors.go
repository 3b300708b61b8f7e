package signer

import (
	"errors"
	"fmt"

	"cgp-cred/keystore/fault"
)

// The kinds of errors of a signer outside the record. Match them with errors.Is. A program that can't be run has an
// error of package program.
var (
	// ErrUnavailable: there is no agent, or cgp-cred can't reach it.
	ErrUnavailable = errors.New("it can't be reached")
	// ErrNotOurs: another user runs it.
	ErrNotOurs = errors.New("it belongs to another user")
	// ErrNoSuchKey: it answers, and does not have the key.
	ErrNoSuchKey = errors.New("it does not have the key")
	// ErrLocked: it shows no key at all.
	ErrLocked = errors.New("it shows no key: it is locked, or no key was added")
	// ErrRefused: it has the key, but does not sign with it.
	ErrRefused = errors.New("it refused to sign")
	// ErrNotGiven: a record names its program, and cgp-cred can't tell that the user gave it on this machine; see
	// [Permit].
	ErrNotGiven = errors.New("its command was not given on this machine, and is not run")
	// ErrTimeout: it did not answer in time.
	ErrTimeout = errors.New("it did not answer in time")
	// ErrWrong: its answer does not fit the request.
	ErrWrong = errors.New("its answer can't be used")
)

// failed returns the error of a signer that does not sign. It never holds the signed text or a signature. kind is one
// of the sentinels, detail is printable ASCII or empty, hint is what to do next.
func failed(kind error, who, detail, hint string) error {
	if detail != "" {
		kind = fmt.Errorf("%w: %s", kind, detail)
	}
	return fault.Wrap(fault.Keystore, hint, who, kind)
}
