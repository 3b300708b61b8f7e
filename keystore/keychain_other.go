//go:build !linux

package keystore

import (
	"context"
	"runtime"
)

// ready returns nil where go-keyring may be called. On macOS it runs /usr/bin/security, on Windows it calls the
// Credential Manager: neither starts anything that stays.
func ready(context.Context) error {
	if runtime.GOOS == "darwin" || runtime.GOOS == "windows" {
		return nil
	}
	return &Error{Kind: ErrUnavailable, Detail: "none is supported on " + runtime.GOOS}
}

// accounts: go-keyring has no way to list what these keychains hold.
func accounts() ([]string, error) {
	return nil, &Error{Kind: ErrUnlisted, Detail: "not on " + runtime.GOOS}
}

func busErrorName(error) string { return "" }

// hungUp: there is no bus here.
func hungUp(any) bool { return false }
