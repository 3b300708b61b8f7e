package main

import (
	"errors"
	"io"
	"io/fs"
)

// OutputError is a stdout that can't be written: a full disk, or a reader that has gone while SIGPIPE is ignored.
type OutputError struct {
	err  error
	next string // what to do; empty: the usual
}

func (e *OutputError) Error() string { return "can't write the output: " + e.err.Error() }
func (e *OutputError) Unwrap() error { return e.err }

// Hint returns what to do.
func (e *OutputError) Hint() string {
	if e.next == "" {
		return "free space where stdout goes, or send it elsewhere, then run the command again"
	}
	return e.next
}

// output is stdout. It remembers the first error, which printing functions and cobra's help drop.
type output struct {
	to     io.Writer
	failed *OutputError
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
	o.failed = &OutputError{err: err}
	return n, o.failed
}

// outcome is how a command ended that returned err: output that got lost counts as a failure.
func (o *output) outcome(err error) error {
	if o.failed == nil || err != nil && !is[*shownError](err) {
		return err
	}
	return o.failed
}

// stored returns err with a hint for a command whose work is done, and whose output is printed again by another.
func stored(err error, next string) error {
	var lost *OutputError
	if errors.As(err, &lost) {
		lost.next = next
	}
	return err
}
