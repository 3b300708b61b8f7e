//go:build !linux

package keychain

import (
	"context"
	"runtime"

	"github.com/zalando/go-keyring"

	"cgp-cred/keystore"
)

// ready returns nil if go-keyring may be called: on Windows, where it calls the Credential Manager.
func ready(context.Context) error {
	if runtime.GOOS == "windows" {
		return nil
	}
	return &keystore.Error{Kind: keystore.ErrUnavailable, Detail: "none is supported on " + runtime.GOOS}
}

// accounts returns an error: go-keyring can't list the items of this keychain.
func accounts() ([]string, error) {
	return nil, &keystore.Error{Kind: keystore.ErrUnlisted, Detail: "not on " + runtime.GOOS}
}

func set(account, value string) error { return keyring.Set(keystore.Service, account, value) }

// items returns unlisted: go-keyring can't list the items of this keychain.
func items(string) (int, error) { return unlisted, nil }

func busErrorName(error) string { return "" }

// hungUp returns false: these systems have no session bus.
func hungUp(any) bool { return false }
