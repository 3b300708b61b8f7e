//go:build !unix

package scripttest

import "errors"

func becomeUser(int) error { return errors.New("the user of a process can't be changed here") }
