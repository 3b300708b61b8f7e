package keystore

import "context"

type quietKey struct{}

// Quietly returns a context for what can do without an answer: a keystore of ours asks nobody then, and is [ErrLocked]. A
// keychain and a program may still ask.
func Quietly(ctx context.Context) context.Context { return context.WithValue(ctx, quietKey{}, true) }

// Quiet reports whether nobody is to be asked.
func Quiet(ctx context.Context) bool { return ctx.Value(quietKey{}) != nil }
