//go:build !linux

package keychain

import "context"

// provider returns the name of the program that answers as keychain.
func provider(ctx context.Context) (string, error) {
	if err := ready(ctx); err != nil {
		return "", err
	}
	return "the Windows Credential Manager", nil
}
