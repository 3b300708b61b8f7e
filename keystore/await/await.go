// Package await runs calls that may never return: to a keychain, a terminal, a pipe.
package await

import "context"

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
