package scripttest

import (
	"path/filepath"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"cgp-cred/helper/cache"
	"cgp-cred/keystore/keystoretest"
)

// age-token PROFILE LEFT makes the cached token of a profile older, so that LEFT remains of its life.
func ageToken(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: age-token PROFILE LEFT")
	}
	keystoretest.Require(of(ts), keystoretest.KernelKeys)
	left, err := time.ParseDuration(args[1])
	ts.Check(err)
	c := cacheOf(ts, args[0])
	e, ok := c.Get(of(ts).Context())
	if !ok {
		ts.Fatalf("no token of %s is cached in the kernel's keyring", args[0])
	}
	older := time.Until(e.Expiry) - left
	e.FetchedAt, e.Expiry = e.FetchedAt.Add(-older), e.Expiry.Add(-older)
	ts.Check(c.Set(of(ts).Context(), e))
}

// cacheOf returns a profile's cache in the kernel's keyring.
func cacheOf(ts *testscript.TestScript, profile string) *cache.Cache {
	return cache.Open(cache.Options{
		Profile:     profile,
		Fingerprint: []byte(ts.ReadFile("home/.config/cgp-cred/profiles/" + profile + ".yaml")),
		State:       ts.Getenv("STATE"),
	})
}

// cache-name PROFILE prints the name of the profile's token in the kernel's keyring.
func cacheName(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: cache-name PROFILE")
	}
	_, err := ts.Stdout().Write([]byte("cgp-cred:" + cacheOf(ts, args[0]).Name()))
	ts.Check(err)
}

// no-token-folders checks that no folder of a token file remains.
func noTokenFolders(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 0 {
		ts.Fatalf("usage: no-token-folders")
	}
	found, err := filepath.Glob(filepath.Join(ts.Getenv("WORK"), "*", "cgp-cred", "exec-*"))
	ts.Check(err)
	if len(found) > 0 {
		ts.Fatalf("%q remain", found)
	}
}
