//go:build !linux

package keystore

import (
	"context"
	"runtime"
)

// Provider names the program that answers as keychain. Errors are *[Error].
func Provider(ctx context.Context) (string, error) {
	if err := ready(ctx); err != nil {
		return "", err
	}
	if runtime.GOOS == "darwin" {
		return "the macOS keychain", nil
	}
	return "the Windows Credential Manager", nil
}
