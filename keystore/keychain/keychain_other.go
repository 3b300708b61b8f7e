//go:build !linux

package keychain

import (
	"context"
	"runtime"

	"cgp-cred/keystore"
)

// ready returns nil where go-keyring may be called. On macOS it runs /usr/bin/security, on Windows it calls the
// Credential Manager: neither starts anything that stays.
func ready(context.Context) error {
	if runtime.GOOS == "darwin" || runtime.GOOS == "windows" {
		return nil
	}
	return &keystore.Error{Kind: keystore.ErrUnavailable, Detail: "none is supported on " + runtime.GOOS}
}

// accounts: go-keyring has no way to list what these keychains hold.
func accounts() ([]string, error) {
	return nil, &keystore.Error{Kind: keystore.ErrUnlisted, Detail: "not on " + runtime.GOOS}
}

func busErrorName(error) string { return "" }

// hungUp: there is no bus here.
func hungUp(any) bool { return false }
