// Package await waits: for calls that may never return, to a keychain, a terminal, a pipe, and for a time.
package await

import (
	"context"
	"time"
)

// Answer is what a call returned.
type Answer[T any] struct {
	Value T
	Err   error
}

// Start runs a call, and returns the channel that its answer comes on. An answer that is not taken is dropped.
func Start[T any](call func() (T, error)) <-chan Answer[T] {
	done := make(chan Answer[T], 1) // room for an answer that comes too late
	go func() {
		value, err := call()
		done <- Answer[T]{value, err}
	}()
	return done
}

// Call runs a call and returns its answer, or the error of ctx if that ends first. The call then continues, and its
// answer is dropped.
func Call[T any](ctx context.Context, call func() (T, error)) (T, error) {
	select {
	case a := <-Start(call):
		return a.Value, a.Err
	case <-ctx.Done():
		var none T
		return none, ctx.Err()
	}
}

// Sleep waits for d, or returns the error of ctx if that ends first.
func Sleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
