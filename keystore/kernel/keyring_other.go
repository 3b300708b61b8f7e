//go:build !linux

package kernel

import "time"

// Get is [ErrUnavailable]: only Linux has such a keyring.
func Get(string) ([]byte, error) { return nil, ErrUnavailable }

// Set is [ErrUnavailable].
func Set(string, []byte, time.Duration) error { return ErrUnavailable }

// Delete is [ErrUnavailable].
func Delete(string) error { return ErrUnavailable }
