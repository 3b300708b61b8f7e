//go:build !unix

package scripttest

import "errors"

func becomeUser(int) error { return errors.New("there are no other users to become") }
