//go:build !unix && !windows

package scripttest

import (
	"errors"
	"syscall"
)

// renewSignal stands for the signal that asks cgp-cred sink for a new token: this system has none.
const renewSignal = syscall.SIGTERM

func ownGroup() *syscall.SysProcAttr { return nil }

func pause(int) error { return errors.New("processes can't be stopped here") }

func resume(int) error { return errors.ErrUnsupported }
