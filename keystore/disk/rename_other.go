//go:build !linux && !windows

package disk

import "errors"

// renameNew fails: only Linux has a system call for it that all its usual file systems support.
func renameNew(_, _ string) error { return errors.ErrUnsupported }
