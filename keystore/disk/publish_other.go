//go:build !linux

package disk

import "errors"

// renameNew: only Linux has a system call for it that all its usual file systems know.
func renameNew(_, _ string) error { return errors.ErrUnsupported }
