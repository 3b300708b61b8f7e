//go:build !linux

package keychain

import (
	"context"
	"runtime"
)

// Provider returns the name of the program that answers as keychain. Errors are *[keystore.Error].
func Provider(ctx context.Context) (string, error) {
	if err := ready(ctx); err != nil {
		return "", err
	}
	if runtime.GOOS == "darwin" {
		return "the macOS keychain", nil
	}
	return "the Windows Credential Manager", nil
}
