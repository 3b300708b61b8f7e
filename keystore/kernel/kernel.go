// Package kernel keeps small sealed values in the user's keyring in the Linux kernel. Reading one takes microseconds,
// and values expire by themselves. Callers seal them, because the keyring's permissions separate users, but not the
// containers of one user. On other systems, and if keyctl is refused, every call returns [ErrUnavailable].
package kernel

import (
	"errors"

	"cgp-cred/keystore/fault"
)

// MaxPayload is the size of the largest value, in bytes.
const MaxPayload = 4096

// Available reports whether this process has a keyring.
func Available() bool {
	_, err := Get("cgp-cred:")
	return !errors.Is(err, ErrUnavailable)
}

// Errors for errors.Is.
var (
	// ErrNotFound: the keyring has no such value, or the value has expired.
	ErrNotFound = errors.New("no such key in the kernel keyring")
	// ErrUnavailable: this process has no keyring: another system, no support, or refused (seccomp in containers).
	ErrUnavailable = errors.New("the kernel keyring is unavailable")
	// ErrQuota is an ErrUnavailable: this user has as many keys as the kernel allows, or keys as large.
	ErrQuota error = &fault.Error{What: "the kernel keyring's quota is used up", Err: ErrUnavailable}
	// ErrTooBig: the value is larger than MaxPayload.
	ErrTooBig = errors.New("the value is over 4096 bytes")
)
