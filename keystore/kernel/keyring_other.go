//go:build !linux

package kernel

import "time"

// Namespace returns "": only Linux has such namespaces.
func Namespace() string { return "" }

// Get returns [ErrUnavailable]: only Linux has such a keyring.
func Get(string) ([]byte, error) { return nil, ErrUnavailable }

// Set returns [ErrUnavailable].
func Set(string, []byte, time.Duration) error { return ErrUnavailable }

// Delete returns [ErrUnavailable].
func Delete(string) error { return ErrUnavailable }
