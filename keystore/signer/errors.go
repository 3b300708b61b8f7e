package signer

import (
	"errors"
	"fmt"

	"cgp-cred/keystore/fault"
)

// What can be wrong with a signer outside the record. Match them with errors.Is. A program that can't be run
// has an error of package program.
var (
	// ErrUnavailable: there is no agent, or it can't be reached.
	ErrUnavailable = errors.New("it can't be reached")
	// ErrNotOurs: another user runs it.
	ErrNotOurs = errors.New("it belongs to another user")
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

// failed returns the error of a signer that does not sign, which never holds what was signed, or a signature. kind is
// one of the sentinels, detail printable ASCII or empty, hint what to do.
func failed(kind error, who, detail, hint string) error {
	if detail != "" {
		kind = fmt.Errorf("%w: %s", kind, detail)
	}
	return fault.Wrap(fault.Keystore, hint, who, kind)
}
