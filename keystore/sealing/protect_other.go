//go:build !windows

package sealing

import "errors"

// protects is false: the system has no service that encrypts for its user.
const protects = false

func protect([]byte) ([]byte, error)   { return nil, errors.ErrUnsupported }
func unprotect([]byte) ([]byte, error) { return nil, errors.ErrUnsupported }
