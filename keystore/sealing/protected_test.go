package sealing_test

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"sync"
	"testing"

	"cgp-cred/keystore"
	"cgp-cred/keystore/sealing"
)

// keyTest tests a key that is made with the first use. spoil damages what keeps it.
func keyTest(t *testing.T, get func(create bool) ([]byte, error), spoil func() error) {
	t.Helper()
	if key, err := get(false); !errors.Is(err, sealing.ErrNoKey) || key != nil {
		t.Fatalf("before the first: %v", err)
	}
	first, err := get(true)
	if err != nil || len(first) != 32 {
		t.Fatalf("%d bytes, %v", len(first), err)
	}
	for _, create := range []bool{true, false} {
		if again, err := get(create); err != nil || !bytes.Equal(again, first) {
			t.Errorf("create %t: another key, or %v", create, err)
		}
	}
	if err := spoil(); err != nil {
		t.Fatal(err)
	}
	if key, err := get(false); !errors.Is(err, sealing.ErrNoKey) || key != nil {
		t.Errorf("damaged: %v", err)
	}
	fresh, err := get(true)
	if err != nil || len(fresh) != 32 || bytes.Equal(fresh, first) {
		t.Errorf("after the damage: %d bytes, %v", len(fresh), err)
	}
}

func TestKeyInKeystore(t *testing.T) {
	t.Parallel()
	ks := keystore.Memory()
	const account = "cgp-cred/sealing-key"
	keyTest(t, func(create bool) ([]byte, error) { return sealing.KeyIn(t.Context(), ks, create) }, func() error {
		return ks.Set(t.Context(), account, keystore.NewSecret([]byte("rubbish")))
	})
	for range 2 {
		if err := sealing.RemoveKeyIn(t.Context(), ks); err != nil {
			t.Error(err)
		}
	}
	if _, err := ks.Get(t.Context(), account); !errors.Is(err, keystore.ErrNotFound) {
		t.Errorf("it is still there: %v", err)
	}
}

// locked is a keychain that can't be read: no key is made in its place.
type locked struct{ keystore.Keystore }

func (locked) Get(context.Context, string) (keystore.Secret, error) {
	return keystore.Secret{}, &keystore.Error{Kind: keystore.ErrLocked}
}

func TestKeyInLockedKeystore(t *testing.T) {
	t.Parallel()
	if _, err := sealing.KeyIn(t.Context(), locked{keystore.Memory()}, true); !errors.Is(err, keystore.ErrLocked) {
		t.Error(err)
	}
}

func TestProtectedKey(t *testing.T) {
	t.Parallel()
	folder := filepath.Join(t.TempDir(), "cgp-cred")
	if runtime.GOOS != "windows" {
		if _, err := sealing.ProtectedKey(folder, true); !errors.Is(err, errors.ErrUnsupported) {
			t.Error(err)
		}
		return
	}
	var key []byte
	file := filepath.Join(folder, "token.key")
	keyTest(t, func(create bool) (got []byte, err error) {
		got, err = sealing.ProtectedKey(folder, create)
		if err == nil {
			key = got
		}
		return got, err
	}, func() error {
		raw, err := os.ReadFile(file)
		if bytes.Contains(raw, key) {
			t.Error("the key is not protected")
		}
		return errors.Join(err, os.WriteFile(file, raw[:len(raw)-1], 0o600))
	})
	var wg sync.WaitGroup
	all := make([][]byte, 16)
	folder = filepath.Join(t.TempDir(), "cgp-cred")
	for i := range all {
		wg.Go(func() { all[i], _ = sealing.ProtectedKey(folder, true) })
	}
	wg.Wait()
	for _, key := range all {
		if key == nil || !bytes.Equal(key, all[0]) {
			t.Error("at once: different keys")
		}
	}
}
