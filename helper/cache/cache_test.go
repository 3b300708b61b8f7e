package cache_test

import (
	"context"
	"errors"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"cgp-cred/helper/cache"
	"cgp-cred/keystore"
	"cgp-cred/keystore/keystoretest"
)

// options returns a new profile in new folders. Its warnings are added to the list.
func options(t testing.TB) (o cache.Options, warnings *[]string) {
	t.Helper()
	dir := t.TempDir()
	warnings = new([]string)
	return cache.Options{
		Profile:     "int",
		Fingerprint: []byte("api_host: int.api.service.nhs.uk\n"),
		State:       dir + "/state/cgp-cred",
		Warn:        func(s string) { *warnings = append(*warnings, s) },
	}, warnings
}

// open also removes what the test leaves in the keyring of the user who runs it.
func open(t testing.TB, o cache.Options) *cache.Cache {
	t.Helper()
	c := cache.Open(o)
	t.Cleanup(func() {
		if err := c.Delete(context.Background()); err != nil {
			t.Error(err)
		}
	})
	return c
}

func entry(token string) cache.Entry {
	now := time.Now().Truncate(time.Millisecond).UTC()
	return cache.Entry{
		Header: "Authorization", Token: keystore.NewSecret([]byte(token)),
		FetchedAt: now, Expiry: now.Add(599 * time.Second),
	}
}

func needKeyring(t *testing.T) {
	t.Helper()
	keystoretest.Require(t, keystoretest.KernelKeys)
	o, _ := options(t)
	if backend := cache.Open(o).Backend(t.Context()); backend != "keyring" {
		t.Fatalf("the backend is %s", backend)
	}
}

// sameSecret lets go-cmp look into secrets.
var sameSecret = cmp.Comparer(func(a, b keystore.Secret) bool { return string(a.Reveal()) == string(b.Reveal()) })

func want(t *testing.T, c *cache.Cache, want cache.Entry) {
	t.Helper()
	got, ok := c.Get(t.Context())
	if diff := cmp.Diff(want, got, sameSecret); !ok || diff != "" {
		t.Errorf("hit: %t, -want +got:\n%s", ok, diff)
	}
}

func wantMiss(t *testing.T, what string, c *cache.Cache) {
	t.Helper()
	if got, ok := c.Get(t.Context()); ok || !got.Token.IsZero() {
		t.Errorf("%s: a hit", what)
	}
}

// refusing is a keychain that must not be touched.
type refusing struct{ t *testing.T }

func (k refusing) touched() error {
	k.t.Error("the keychain was touched")
	return errors.New("touched")
}

func (k refusing) Get(context.Context, string) (keystore.Secret, error) {
	return keystore.Secret{}, k.touched()
}
func (k refusing) Set(context.Context, string, keystore.Secret) error { return k.touched() }
func (k refusing) Delete(context.Context, string) error               { return nil }

func TestCache(t *testing.T) {
	t.Parallel()
	needKeyring(t)
	o, warnings := options(t)
	o.Keychain = refusing{t}
	c := open(t, o)
	wantMiss(t, "empty", c)
	for _, token := range []string{"first", "second"} {
		if err := c.Set(t.Context(), entry(token)); err != nil {
			t.Fatal(err)
		}
		e := entry(token)
		got, ok := c.Get(t.Context())
		if !ok || string(got.Token.Reveal()) != token || got.Header != e.Header {
			t.Errorf("hit: %t, header %q", ok, got.Header)
		}
	}
	e := entry("third")
	if err := c.Set(t.Context(), e); err != nil {
		t.Fatal(err)
	}
	want(t, cache.Open(o), e) // another process with the same folders
	if err := c.Delete(t.Context()); err != nil {
		t.Fatal(err)
	}
	wantMiss(t, "deleted", c)
	if err := c.Delete(t.Context()); err != nil {
		t.Errorf("deleting what is absent: %v", err)
	}
	if len(*warnings) > 0 {
		t.Errorf("warned: %q", *warnings)
	}
	if info, err := os.Stat(o.State + "/seal.key"); err != nil || info.Size() != 32 {
		t.Errorf("sealing key: %v, %v", info, err)
	}
}

func TestNoOldTokenAfterAChange(t *testing.T) {
	t.Parallel()
	needKeyring(t)
	o, _ := options(t)
	c := open(t, o)
	e := entry("old")
	if err := c.Set(t.Context(), e); err != nil {
		t.Fatal(err)
	}
	for what, change := range map[string]func(*cache.Options){
		"profile's file": func(o *cache.Options) { o.Fingerprint = []byte("api_host: api.service.nhs.uk\n") },
		"one byte more": func(o *cache.Options) {
			o.Fingerprint = append(o.Fingerprint[:len(o.Fingerprint):len(o.Fingerprint)], '\n')
		},
		"another profile": func(o *cache.Options) { o.Profile = "dev" },
		"name and file moved": func(o *cache.Options) {
			o.Profile, o.Fingerprint = "in", append([]byte("t"), o.Fingerprint...)
		},
		"another sealing key": func(o *cache.Options) { o.State = t.TempDir() },
		"a derived key":       func(o *cache.Options) { o.SealingKey = make([]byte, 32) },
	} {
		changed := o
		change(&changed)
		other := open(t, changed)
		wantMiss(t, what, other)
		if other.Name() == c.Name() {
			t.Errorf("%s: the name is the same", what)
		}
	}
	want(t, c, e)
}

func TestTwoProfilesApart(t *testing.T) {
	t.Parallel()
	needKeyring(t)
	o, _ := options(t)
	a := open(t, o)
	o.Profile = "dev"
	b := open(t, o)
	ea, eb := entry("of-a"), entry("of-b")
	for c, e := range map[*cache.Cache]cache.Entry{a: ea, b: eb} {
		if err := c.Set(t.Context(), e); err != nil {
			t.Fatal(err)
		}
	}
	want(t, a, ea)
	want(t, b, eb)
	if err := a.Delete(t.Context()); err != nil {
		t.Fatal(err)
	}
	wantMiss(t, "deleted", a)
	want(t, b, eb)
}

func TestExpiry(t *testing.T) {
	t.Parallel()
	needKeyring(t)
	o, _ := options(t)
	late := time.Now()
	o.Now = func() time.Time { return late }
	c := open(t, o)
	past := entry("past")
	past.FetchedAt, past.Expiry = late.Add(-time.Hour), late
	if err := c.Set(t.Context(), past); err != nil {
		t.Fatal(err)
	}
	wantMiss(t, "set when its time was over", c)

	e := entry("token")
	if err := c.Set(t.Context(), e); err != nil {
		t.Fatal(err)
	}
	want(t, c, e)
	late = e.Expiry
	wantMiss(t, "its time is over", c)
}

func TestDerivedSealingKey(t *testing.T) {
	t.Parallel()
	needKeyring(t)
	o, warnings := options(t)
	o.State, o.SealingKey = "", []byte(strings.Repeat("k", 32))
	c := open(t, o)
	e := entry("token")
	if err := c.Set(t.Context(), e); err != nil {
		t.Fatal(err)
	}
	want(t, cache.Open(o), e)
	if len(*warnings) > 0 {
		t.Errorf("warned: %q", *warnings)
	}
}

func TestSetRefusesWhatCantBeServed(t *testing.T) {
	t.Parallel()
	o, _ := options(t)
	c := open(t, o)
	good := entry("token")
	for what, spoil := range map[string]func(*cache.Entry){
		"no token":         func(e *cache.Entry) { e.Token = keystore.Secret{} },
		"line end":         func(e *cache.Entry) { e.Token = keystore.NewSecret([]byte("a\nb")) },
		"line end, header": func(e *cache.Entry) { e.Header = "A\r" },
		"long header":      func(e *cache.Entry) { e.Header = strings.Repeat("h", 256) },
		"long token":       func(e *cache.Entry) { e.Token = keystore.NewSecret([]byte(strings.Repeat("t", 4000))) },
		"no life":          func(e *cache.Entry) { e.FetchedAt = e.Expiry },
	} {
		e := good
		spoil(&e)
		err := c.Set(t.Context(), e)
		if err == nil || strings.Contains(err.Error(), "token") {
			t.Errorf("%s: %v", what, err)
		}
		wantMiss(t, what, c)
	}
}

func BenchmarkGet(b *testing.B) {
	o, _ := options(b)
	c := open(b, o)
	if err := c.Set(b.Context(), entry("a-token-of-twenty-eight-char")); err != nil {
		b.Fatal(err)
	}
	if _, ok := c.Get(b.Context()); !ok {
		b.Skip("no kernel keyring")
	}
	b.Run("get", func(b *testing.B) {
		for b.Loop() {
			c.Get(b.Context())
		}
	})
	b.Run("open and get", func(b *testing.B) {
		for b.Loop() {
			if _, ok := cache.Open(o).Get(b.Context()); !ok {
				b.Fatal("miss")
			}
		}
	})
}
