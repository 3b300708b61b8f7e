package sealing

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"

	"cgp-cred/keystore"
	"cgp-cred/keystore/disk"
)

// ErrNoKey: there is no key yet, and the caller does not want one to be made.
var ErrNoKey = errors.New("there is no sealing key yet")

// maxProtected limits a key that the system has protected, in bytes.
const maxProtected = 4096

// ProtectedKey returns the key in a folder, token.key, which only this user of the system can open. With create it
// makes a missing key, and replaces one that can't be opened. Its error is [ErrNoKey], or [errors.ErrUnsupported] on
// systems that protect no keys for their users: all except Windows.
func ProtectedKey(folder string, create bool) ([]byte, error) {
	if !protects {
		return nil, errors.ErrUnsupported
	}
	path := filepath.Join(folder, "token.key")
	key, err := readProtected(path)
	if !create || !errors.Is(err, ErrNoKey) {
		return key, err
	}
	sealed, failure := protect(newKey())
	switch {
	case failure != nil:
	case errors.Is(err, fs.ErrNotExist):
		_, failure = disk.CreateOnce(path, sealed)
	default:
		failure = disk.WriteFile(path, sealed)
	}
	if failure != nil {
		return nil, failure
	}
	return readProtected(path) // another process may have written it at the same time
}

func readProtected(path string) ([]byte, error) {
	sealed, err := disk.ReadPrivate(path, maxProtected)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("%w: %w", ErrNoKey, err)
	}
	if err != nil {
		return nil, err
	}
	return unprotect(sealed)
}

// keyAccount is the item's account. No profile's name has a slash.
const keyAccount = "cgp-cred/sealing-key"

// KeyIn returns the key that a keystore keeps for cgp-cred's own files. With create it makes a missing key, and
// replaces one that is damaged. Its error is [ErrNoKey], or the keystore's.
func KeyIn(ctx context.Context, ks keystore.Keystore, create bool) ([]byte, error) {
	key, err := readItem(ctx, ks)
	if !create || !errors.Is(err, ErrNoKey) {
		return key, err
	}
	text := keystore.NewSecret([]byte(base64.RawURLEncoding.EncodeToString(newKey())))
	if err := ks.Set(ctx, keyAccount, text); err != nil {
		return nil, err
	}
	return readItem(ctx, ks) // another process may have written it at the same time
}

// RemoveKeyIn removes the key that [KeyIn] has made. A missing key is no error.
func RemoveKeyIn(ctx context.Context, ks keystore.Keystore) error {
	if err := ks.Delete(ctx, keyAccount); err != nil && !errors.Is(err, keystore.ErrNotFound) {
		return err
	}
	return nil
}

func readItem(ctx context.Context, ks keystore.Keystore) ([]byte, error) {
	text, err := ks.Get(ctx, keyAccount)
	if errors.Is(err, keystore.ErrNotFound) {
		return nil, ErrNoKey
	}
	if err != nil {
		return nil, err
	}
	key, err := base64.RawURLEncoding.DecodeString(string(text.Reveal()))
	if err != nil || len(key) != sealingKeySize {
		return nil, ErrNoKey
	}
	return key, nil
}

func newKey() []byte {
	key := make([]byte, sealingKeySize)
	_, _ = rand.Read(key) // never fails: crypto/rand ends the program instead
	return key
}
