package keystore

import "context"

type nonInteractiveKey struct{}

// NonInteractive returns a context for what can do without an answer: a keystore of ours asks nobody then, and is
// [ErrLocked]. A keychain and a program may still ask.
func NonInteractive(ctx context.Context) context.Context {
	return context.WithValue(ctx, nonInteractiveKey{}, true)
}

// IsNonInteractive reports whether nobody is to be asked.
func IsNonInteractive(ctx context.Context) bool { return ctx.Value(nonInteractiveKey{}) != nil }
