//go:build !unix

package main

import (
	"errors"
	"syscall"
)

func inGroup() *syscall.SysProcAttr { return nil }

func pause(int) error { return errors.New("processes can't be stopped here") }

func resume(int) error { return errors.ErrUnsupported }
