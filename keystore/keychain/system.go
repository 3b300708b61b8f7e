package keychain

import (
	"context"
	"errors"
	"runtime"

	"github.com/zalando/go-keyring"

	"cgp-cred/keystore"
	"cgp-cred/keystore/security"
)

// system is the operating system whose keychain is used, and securityPath the program that speaks to that of macOS.
// Tests set them, some with the linker.
var (
	system       = runtime.GOOS
	securityPath = security.Path
)

const macOS = "darwin"

// store is what speaks to the operating system's keychain. A missing item is a [keystore.ErrNotFound].
type store interface {
	Get(ctx context.Context, account string) (string, error)
	Set(ctx context.Context, account, value string) error
	Delete(ctx context.Context, account string) error
}

func backend() store {
	if system == macOS {
		return security.Keychain{Program: securityPath}
	}
	return goKeyring{}
}

// count returns how many items an account has, or unlisted.
func count(account string) (int, error) {
	if system == macOS {
		return unlisted, nil
	}
	return items(account)
}

// list returns the accounts of all items. security has no command for that which asks for no other item's name.
func list() ([]string, error) {
	if system == macOS {
		return nil, &keystore.Error{Kind: keystore.ErrUnlisted, Detail: "not on macOS"}
	}
	return accounts()
}

// Provider returns the name of the program that answers as keychain. Errors are *[keystore.Error].
func Provider(ctx context.Context) (string, error) {
	if system == macOS {
		return "the macOS keychain", nil
	}
	return provider(ctx)
}

// Lost returns a hint for a record that was stored and that the keychain does not have.
func Lost() string {
	switch system {
	case macOS:
		return "another keychain may be the default now: `security default-keychain` says which"
	case "windows":
		return "look for it in the Credential Manager: another user or machine may have stored it"
	}
	hint := "another keyring program may have taken over (KeePassXC, KWallet, gnome-keyring)"
	if name := Answering(); name != "" {
		hint += "; now it is " + name
	}
	return hint + ": start the one that was used"
}

// goKeyring knows no context: its calls last as long as the keychain likes.
type goKeyring struct{}

func (goKeyring) Get(_ context.Context, account string) (string, error) {
	value, err := keyring.Get(keystore.Service, account)
	return value, known(err)
}

func (goKeyring) Set(_ context.Context, account, value string) error {
	return known(set(account, value))
}

func (goKeyring) Delete(_ context.Context, account string) error {
	return known(keyring.Delete(keystore.Service, account))
}

// known turns go-keyring's own errors into the keystore's.
func known(err error) error {
	switch {
	case errors.Is(err, keyring.ErrNotFound):
		return &keystore.Error{Kind: keystore.ErrNotFound}
	case errors.Is(err, keyring.ErrSetDataTooBig):
		return &keystore.Error{Kind: keystore.ErrTooBig}
	case errors.Is(err, keyring.ErrUnsupportedPlatform):
		return &keystore.Error{Kind: keystore.ErrUnavailable, Detail: "none is supported on " + system}
	}
	return err
}
