package keystore

import "context"

type nonInteractiveKey struct{}

// NonInteractive returns a context for work that can do without a user's answer: cgp-cred's keystores don't ask then,
// and return [ErrLocked]. A keychain and a program may still ask.
func NonInteractive(ctx context.Context) context.Context {
	return context.WithValue(ctx, nonInteractiveKey{}, true)
}

// IsNonInteractive reports whether cgp-cred must not ask the user.
func IsNonInteractive(ctx context.Context) bool { return ctx.Value(nonInteractiveKey{}) != nil }
