package cache_test

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"cgp-cred/helper/cache"
	"cgp-cred/keystore"
	"cgp-cred/keystore/sealing"
)

// fileTests run in a process without a kernel keyring.
func fileTests(t *testing.T) {
	t.Run("kept", keptInFile)
	t.Run("damaged", damagedFile)
	t.Run("expired", expiredFile)
	t.Run("key", fileKey)
	t.Run("removed", removedFile)
	t.Run("no folder", noFolder)
}

// inFile returns options of a profile whose token is kept in a file.
func inFile(t testing.TB) (o cache.Options, warnings *[]string) {
	t.Helper()
	o, warnings = options(t)
	key := bytes.Repeat([]byte("k"), 32)
	o.FileKey = func(context.Context, bool) ([]byte, error) { return key, nil }
	return o, warnings
}

func path(o cache.Options, c *cache.Cache) string { return filepath.Join(o.State, "tokens", c.Name()) }

func set(t *testing.T, c *cache.Cache, e cache.Entry) {
	t.Helper()
	if err := c.Set(t.Context(), e); err != nil {
		t.Fatal(err)
	}
}

func keptInFile(t *testing.T) {
	o, warnings := inFile(t)
	c := open(t, o)
	if got := c.Backend(t.Context()); got != cache.File {
		t.Errorf("backend %q", got)
	}
	wantMiss(t, "empty", c)
	e := entry("the-token-of-this-test")
	set(t, c, entry("an-older-token"))
	set(t, c, e)
	want(t, cache.Open(o), e)
	raw, err := os.ReadFile(path(o, c))
	if err != nil || bytes.Contains(raw, e.Token.Reveal()) || bytes.Contains(raw, []byte(e.Header)) {
		t.Errorf("the file is not sealed, or not there: %v", err)
	}
	if info, err := os.Stat(path(o, c)); err != nil || runtime.GOOS != "windows" && info.Mode() != 0o600 {
		t.Errorf("%v, %v", info, err)
	}
	for what, change := range map[string]func(*cache.Options){
		"profile's file":  func(o *cache.Options) { o.Fingerprint = []byte("other file") },
		"another profile": func(o *cache.Options) { o.Profile = "dev" },
		"other secrets":   func(o *cache.Options) { o.SealingKey = make([]byte, 32) },
		"another key": func(o *cache.Options) {
			o.FileKey = func(context.Context, bool) ([]byte, error) { return make([]byte, 32), nil }
		},
	} {
		changed := o
		change(&changed)
		wantMiss(t, what, cache.Open(changed))
	}
	if len(*warnings) > 0 {
		t.Errorf("warned: %q", *warnings)
	}
}

func damagedFile(t *testing.T) {
	o, _ := inFile(t)
	c := open(t, o)
	e := entry("token")
	set(t, c, e)
	whole, err := os.ReadFile(path(o, c))
	if err != nil {
		t.Fatal(err)
	}
	put := func(name string, b []byte) {
		if err := os.WriteFile(name, b, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for i := range whole {
		changed := bytes.Clone(whole)
		changed[i] ^= 0x10
		put(path(o, c), changed)
		wantMiss(t, "a changed byte", c)
		put(path(o, c), whole[:i])
		wantMiss(t, "cut", c)
	}
	put(path(o, c), append(bytes.Clone(whole), make([]byte, 8<<10)...))
	wantMiss(t, "far too long", c)
	put(path(o, c), whole)
	want(t, c, e)
	other := o
	other.Profile = "dev"
	d := open(t, other)
	put(path(other, d), whole)
	wantMiss(t, "another profile's file under this name", d)
	set(t, d, e)
	want(t, d, e)
}

func expiredFile(t *testing.T) {
	o, _ := inFile(t)
	now := time.Now()
	o.Now = func() time.Time { return now }
	c := open(t, o)
	e := entry("token")
	set(t, c, e)
	long := o
	long.Profile = "long"
	l := open(t, long)
	lasting := e
	lasting.Expiry = e.Expiry.Add(time.Hour)
	set(t, l, lasting)
	rest := filepath.Join(o.State, "tokens", ".rest.ABCDEFGHIJKLMNOPQRSTUVWXYZ.tmp")
	if err := os.WriteFile(rest, nil, 0o600); err != nil { // another process is writing it
		t.Fatal(err)
	}
	now = e.Expiry
	wantMiss(t, "expired", c)
	other := o
	other.Profile = "dev"
	d := open(t, other)
	later := entry("later")
	later.FetchedAt, later.Expiry = now, now.Add(time.Minute)
	set(t, d, later)
	if _, err := os.Stat(path(o, c)); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the expired token is still there: %v", err)
	}
	want(t, l, lasting)
	if _, err := os.Stat(rest); err != nil {
		t.Error(err)
	}
}

// A key that is made with the first token, can't be had, or is not right.
func fileKey(t *testing.T) {
	o, _ := inFile(t)
	var key []byte
	var failure error
	o.FileKey = func(_ context.Context, create bool) ([]byte, error) {
		if key == nil && create {
			key = bytes.Repeat([]byte("n"), 32)
		}
		if key == nil && failure == nil {
			return nil, sealing.ErrNoKey
		}
		return key, failure
	}
	c := open(t, o)
	wantMiss(t, "no key yet", c)
	if got := c.Backend(t.Context()); got != cache.File || key != nil {
		t.Errorf("backend %q; a look makes no key", got)
	}
	e := entry("token")
	set(t, c, e)
	want(t, c, e)
	failure = &keystore.Error{Kind: keystore.ErrLocked}
	if got := c.Backend(t.Context()); got != cache.None {
		t.Errorf("no key can be had: backend %q", got)
	}
	wantMiss(t, "no key can be had", c)
	set(t, c, e)
	key, failure = []byte("short"), nil
	wantMiss(t, "a short key", c)
}

func removedFile(t *testing.T) {
	o, _ := inFile(t)
	c := open(t, o)
	for _, remove := range []func(context.Context) error{c.Delete, c.Purge} {
		set(t, c, entry("token"))
		for range 2 {
			if err := remove(t.Context()); err != nil {
				t.Error(err)
			}
		}
		wantMiss(t, "removed", c)
	}
	left := filepath.Join(o.State, "tokens", "."+c.Name()+".ABCDEFGHIJKLMNOPQRSTUVWXYZ.tmp")
	if err := os.WriteFile(left, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := c.Purge(t.Context()); err != nil {
		t.Error(err)
	}
	if files, err := os.ReadDir(filepath.Join(o.State, "tokens")); err != nil || len(files) > 0 {
		t.Errorf("left: %v, %v", files, err)
	}
}

func noFolder(t *testing.T) {
	o, warnings := inFile(t)
	o.SealingKey = []byte(strings.Repeat("k", 32))
	for _, state := range []string{"", o.State} {
		o.State = state
		if state != "" {
			if err := os.MkdirAll(state, 0o700); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(filepath.Join(state, "tokens"), nil, 0o600); err != nil {
				t.Fatal(err)
			}
		}
		c := open(t, o)
		if got := c.Backend(t.Context()); got != cache.None {
			t.Errorf("backend %q", got)
		}
		set(t, c, entry("token"))
		wantMiss(t, "no folder", c)
	}
	if len(*warnings) > 0 {
		t.Errorf("warned: %q", *warnings)
	}
}
