// Package kernel keeps small sealed values in the Linux kernel's keyring of the user, where they cost microseconds
// and end by themselves, and seals them: the keyring's permissions tell users apart, not the containers of one user.
// On other systems, and where keyctl is refused, every call is [ErrUnavailable].
package kernel

import (
	"errors"

	"cgp-cred/keystore/fault"
)

// MaxPayload is the size of the largest value, in bytes.
const MaxPayload = 4096

// Errors for errors.Is.
var (
	// ErrNotFound: the keyring holds no such value, or its time is over.
	ErrNotFound = errors.New("no such key in the kernel keyring")
	// ErrUnavailable: there is no keyring for us: another system, no support, or refused (seccomp in containers).
	ErrUnavailable = errors.New("the kernel keyring is unavailable")
	// ErrQuota is an ErrUnavailable: this user's keys are as many or as large as the kernel lets them be.
	ErrQuota error = &fault.Error{What: "the kernel keyring's quota is used up", Err: ErrUnavailable}
	// ErrTooBig: the value is larger than MaxPayload.
	ErrTooBig = errors.New("the value is over 4096 bytes")
)
