//go:build !unix

package scripttest

import (
	"errors"
	"syscall"
)

func ownGroup() *syscall.SysProcAttr { return nil }

func pause(int) error { return errors.New("processes can't be stopped here") }

func resume(int) error { return errors.ErrUnsupported }
