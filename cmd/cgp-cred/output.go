package main

import (
	"errors"
	"io"
	"io/fs"

	"cgp-cred/keystore/fault"
)

// output is stdout. It remembers the first error, which printing functions and cobra's help drop: the disk is full, or the
// reader has gone while SIGPIPE is ignored.
type output struct {
	to     io.Writer
	failed error
}

func (o *output) Write(p []byte) (int, error) {
	if o.failed != nil {
		return 0, o.failed
	}
	n, err := o.to.Write(p)
	if err == nil {
		return n, nil
	}
	var at *fs.PathError
	if errors.As(err, &at) {
		err = at.Err // its path says only that it is stdout
	}
	o.failed = fault.Wrap(fault.Output, "", "can't write the output", err)
	return n, o.failed
}

// outcome returns the error of a command that returned err. Lost output is an error too.
func (o *output) outcome(err error) error {
	var shown *shownError
	if o.failed == nil || err != nil && !errors.As(err, &shown) {
		return err
	}
	return o.failed
}

// stored returns err with a hint for a command whose work is done and whose output another command can print again.
func stored(err error, next string) error {
	if fault.ClassOf(err) != fault.Output {
		return err
	}
	return fault.Of(fault.Output, next, err)
}
