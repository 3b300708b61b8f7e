package scripttest

import (
	"context"
	"strings"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"cgp-cred/helper/cache"
	"cgp-cred/keystore"
	"cgp-cred/keystore/keystoretest"
)

// age-token PROFILE LEFT makes the cached token of a profile older, so that LEFT remains of its life.
func ageToken(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: age-token PROFILE LEFT")
	}
	left, err := time.ParseDuration(args[1])
	ts.Check(err)
	c := cacheOf(ts, args[0])
	e, ok := c.Get(of(ts).Context())
	if !ok {
		ts.Fatalf("no token of %s is cached", args[0])
	}
	older := time.Until(e.Expiry) - left
	e.FetchedAt, e.Expiry = e.FetchedAt.Add(-older), e.Expiry.Add(-older)
	ts.Check(c.Set(of(ts).Context(), e))
}

// cacheOf returns the cache of a profile that is kept in the keyring.
func cacheOf(ts *testscript.TestScript, profile string) *cache.Cache {
	return cache.Open(cache.Options{
		Profile:     profile,
		Fingerprint: []byte(ts.ReadFile("home/.config/cgp-cred/profiles/" + profile + ".yaml")),
		State:       ts.Getenv("STATE"),
		Keychain:    items{ts},
	})
}

// items are the script's own in the keyring, where tokens are kept on a machine without the kernel's.
type items struct{ ts *testscript.TestScript }

func (i items) Get(_ context.Context, account string) (keystore.Secret, error) {
	u := of(i.ts)
	if u.keyring == nil || u.keyring.Items(u, "cgp-cred", account) == 0 {
		return keystore.Secret{}, keystore.ErrNotFound
	}
	return keystore.NewSecret([]byte(u.keyring.Look(u, account))), nil
}

func (i items) Set(_ context.Context, account string, value keystore.Secret) error {
	u := of(i.ts)
	u.keyring.Put(u, account, string(value.Reveal()))
	return nil
}

// Delete is never reached: the verbs remove no token.
func (items) Delete(context.Context, string) error { return keystore.ErrNotFound }

// cache-name PROFILE prints the name of the profile's token in the kernel's keyring.
func cacheName(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: cache-name PROFILE")
	}
	keystoretest.Require(of(ts), keystoretest.KernelKeys)
	_, err := ts.Stdout().Write([]byte("cgp-cred:" + cacheOf(ts, args[0]).Name()))
	ts.Check(err)
}

// no-token-folders checks that no folder of a token file remains.
func noTokenFolders(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 0 {
		ts.Fatalf("usage: no-token-folders")
	}
	found := Glob(ts.Getenv("WORK"), "*", "cgp-cred", "exec-*")
	for _, path := range Glob(ts.Getenv("STATE"), "exec", "exec-*") { // on Windows
		if !strings.HasSuffix(path, ".lock") { // it is empty, and the next command removes it
			found = append(found, path)
		}
	}
	if len(found) > 0 {
		ts.Fatalf("%q remain", found)
	}
}
