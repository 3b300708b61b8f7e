package scripttest

import (
	"path/filepath"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"cgp-cred/helper/cache"
)

// age-token PROFILE LEFT makes the cached token of a profile older, so that so much of its life is left.
func ageToken(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: age-token PROFILE LEFT")
	}
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

// cacheOf is a profile's place in the kernel's keyring.
func cacheOf(ts *testscript.TestScript, profile string) *cache.Cache {
	return cache.Open(cache.Options{
		Profile: profile, Fingerprint: []byte(ts.ReadFile("home/.config/cgp-cred/profiles/" + profile + ".yaml")), State: ts.Getenv("STATE"),
	})
}

// cache-name PROFILE prints under which name the kernel's keyring has that profile's token.
func cacheName(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: cache-name PROFILE")
	}
	_, err := ts.Stdout().Write([]byte("cgp-cred:" + cacheOf(ts, args[0]).Name()))
	ts.Check(err)
}

// notokens holds that no folder of a token file remains where the script's user has them.
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
