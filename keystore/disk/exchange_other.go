//go:build !linux && !darwin

package disk

import "errors"

// Exchange fails: this system has no call that gives each of two folders the other's name.
func Exchange(_, _ string) error { return errors.ErrUnsupported }
