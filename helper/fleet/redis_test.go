//go:build unix

package fleet_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"cgp-cred/helper/apim"
	"cgp-cred/helper/cache"
	"cgp-cred/helper/fleet"
	"cgp-cred/helper/fleet/fleettest"
	"cgp-cred/keystore/fault"
	"cgp-cred/keystore/keystoretest"
)

var companionOnce sync.Once

// useCompanion puts a companion next to what counts as cgp-cred's own file, for all tests.
func useCompanion(t *testing.T) {
	t.Helper()
	companionOnce.Do(func() {
		self := filepath.Join(filepath.Dir(fleettest.Companion(t)), "cgp-cred")
		must(t, os.WriteFile(self, nil, 0o755))
		fleet.SetExecutable(self)
	})
}

// startRedis starts a Redis without a password.
func startRedis(t *testing.T, args ...string) *fleettest.Redis {
	t.Helper()
	useCompanion(t)
	return fleettest.Start(t, args...)
}

func TestRedisOneMachineMints(t *testing.T) {
	t.Parallel()
	r := startRedis(t)
	var minted, found atomic.Int32
	var group sync.WaitGroup
	for i := range 12 {
		off := time.Duration(i%3-1) * 10 * time.Minute
		m := newMachineAt(t, r.URL(""), off)
		group.Go(func() {
			turn, err := m.Wait(t.Context(), fresh(off), 5*time.Minute, 0)
			if err != nil {
				t.Error(err)
				return
			}
			if !turn.Found {
				minted.Add(1)
				turn.Publish(t.Context(), entry("the-token", off))
			} else if string(turn.Entry.Token.Reveal()) == "the-token" &&
				turn.Entry.Expiry.Sub(time.Now().Add(off)) <= 600*time.Second {
				found.Add(1)
			}
			if len(m.warnings) > 0 {
				t.Errorf("warnings %q", m.warnings)
			}
		})
	}
	group.Wait()
	if minted.Load() != 1 || found.Load() != 11 {
		t.Errorf("%d machines minted, %d found the token", minted.Load(), found.Load())
	}
	content := r.Content(t)
	for _, secret := range []string{"the-token", apiKey} {
		if strings.Contains(content, secret) {
			t.Errorf("the store or its log has %q", secret)
		}
	}
	if keys, err := r.Admin.Keys(t.Context(), "*").Result(); err != nil || len(keys) != 1 {
		t.Errorf("keys %q, %v", keys, err)
	}
}

// A holder that was killed keeps the others waiting for one lease.
func TestRedisHolderDies(t *testing.T) {
	t.Parallel()
	r := startRedis(t)
	m := newMachineAt(t, r.URL(""), 0)
	dead, err := m.Open()
	if err != nil {
		t.Fatal(err)
	}
	if ok, err := dead.Lease(t.Context(), m.Name(), time.Second); err != nil || !ok {
		t.Fatal(ok, err)
	}
	turn := wait(t, m, 0)
	if turn.Found {
		t.Fatal("found a token that was not minted")
	}
	turn.Publish(t.Context(), entry("second", 0))
	if turn := wait(t, newMachineAt(t, r.URL(""), 0), 0); !turn.Found {
		t.Error("the second machine's token was not shared")
	}
}

// The rules of a lease and of a value, as the store's own interface shows them.
func TestRedisStore(t *testing.T) {
	t.Parallel()
	r := startRedis(t)
	ctx := t.Context()
	m := newMachineAt(t, r.URL(""), 0)
	var stores [2]fleet.Store
	for i := range stores {
		var err error
		if stores[i], err = m.Open(); err != nil {
			t.Fatal(err)
		}
	}
	a, b := stores[0], stores[1]
	lease := func(who string, s fleet.Store, hold time.Duration, want bool) {
		t.Helper()
		if got, err := s.Lease(ctx, "name", hold); err != nil || got != want {
			t.Errorf("%s: got the lease: %v, want %v, %v", who, got, want, err)
		}
	}
	value := func(want string) fleet.Found {
		t.Helper()
		found, err := b.Look(ctx, "name")
		if err != nil || string(found.Value) != want {
			t.Errorf("value %q, want %q, %v", found.Value, want, err)
		}
		return found
	}
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Error(err)
		}
	}
	const hold = time.Minute
	value("")
	lease("the first", a, hold, true)
	lease("the second", b, hold, false)
	lease("the first again", a, 2*hold, true)
	lease("the second ends what it has not", b, 0, false)
	lease("the second still", b, hold, false)
	lease("the first ends it", a, 0, false)
	lease("the second now", b, hold, true)
	must(a.Publish(ctx, "name", []byte("late\x00\xff value"), hold)) // it has no lease, and ends none
	lease("the first", a, hold, false)
	value("late\x00\xff value")
	must(b.Publish(ctx, "name", []byte("second"), hold))
	lease("the first, after the value was published", a, hold, true)
	if ttl := r.Admin.PTTL(ctx, "cgp-cred:{name}:value").Val(); ttl <= 0 || ttl > hold {
		t.Errorf("the value lasts %v", ttl)
	}
	if ttl := r.Admin.PTTL(ctx, "cgp-cred:{name}:lease").Val(); ttl <= 0 || ttl > hold {
		t.Errorf("the lease lasts %v", ttl)
	}
	r.Do(t, "SET", "cgp-cred:{name}:value", "1000000000000 old")
	if found := value("old"); found.Age < 24*time.Hour {
		t.Errorf("its age is %v", found.Age)
	}
	must(b.Drop(ctx, "name"))
	value("")
	must(b.Drop(ctx, "name"))
	large := strings.Repeat("\x00large", 2<<10)
	must(a.Publish(ctx, "name", []byte(large), hold))
	value(large)
}

func TestRedisRefusalIsShared(t *testing.T) {
	t.Parallel()
	r := startRedis(t)
	wait(t, newMachineAt(t, r.URL(""), 0), 0).Fail(t.Context(), &apim.Error{Class: fault.Refused, Status: 401})
	_, err := newMachineAt(t, r.URL(""), 0).Wait(t.Context(), fresh(0), time.Minute, 0)
	var got *apim.Error
	if !errors.As(err, &got) || got.Status != 401 {
		t.Errorf("got %v", err)
	}
}

func TestRedisDrop(t *testing.T) {
	t.Parallel()
	r := startRedis(t)
	wait(t, newMachineAt(t, r.URL(""), 0), 0).Publish(t.Context(), entry("first", 0))
	m := newMachineAt(t, r.URL(""), 0)
	is := func(token string) func(cache.Entry) bool {
		return func(e cache.Entry) bool { return string(e.Token.Reveal()) == token }
	}
	for _, step := range []struct {
		only  func(cache.Entry) bool
		there bool
	}{{is("another"), true}, {is("first"), false}, {is("first"), false}, {nil, false}} {
		if err := m.Drop(t.Context(), step.only); err != nil {
			t.Fatal(err)
		}
		if _, there, err := m.Token(t.Context()); err != nil || there != step.there {
			t.Errorf("there: %v, want %v, %v", there, step.there, err)
		}
	}
}

// What is not a value that a machine with this credential wrote is no value, and is replaced.
func TestRedisPoisoned(t *testing.T) {
	t.Parallel()
	r := startRedis(t)
	for name, plant := range map[string][]any{
		"text":              {"SET", "hello"},
		"nothing":           {"SET", ""},
		"a time only":       {"SET", "1764444444444 "},
		"a time and text":   {"SET", "1764444444444 hello"},
		"a future time":     {"SET", "99999999999999 hello"},
		"a negative time":   {"SET", "-5 hello"},
		"lines":             {"SET", "\n\n\r\n3\n"},
		"a megabyte":        {"SET", strings.Repeat("x", 1<<20)},
		"bytes":             {"SET", "\x00\xff\xfe"},
		"a list":            {"RPUSH", "x"},
		"a hash":            {"HSET", "f", "x"},
		"a set":             {"SADD", "x"},
		"a stream":          {"XADD", "*", "f", "x"},
		"a seal of another": {"SET", "1764444444444 \x01" + strings.Repeat("s", 100)},
	} {
		m := newMachineAt(t, r.URL(""), 0)
		for _, key := range []string{":value", ":lease"} {
			key = "cgp-cred:{" + m.Name() + "}" + key
			r.Do(t, "DEL", key)
			if strings.HasSuffix(key, ":value") || plant[0] != "SET" {
				r.Do(t, append([]any{plant[0], key}, plant[1:]...)...)
			}
		}
		turn := wait(t, m, 0)
		if turn.Found {
			t.Fatalf("%s: found a token", name)
		}
		turn.Publish(t.Context(), entry("fetched", 0))
		if len(m.warnings) > 1 || len(m.warnings) == 1 && !strings.Contains(m.warnings[0], "ignored") {
			t.Errorf("%s: warnings %q", name, m.warnings)
		}
		if !wait(t, newMachineAt(t, r.URL(""), 0), 0).Found {
			t.Errorf("%s: the token is not shared", name)
		}
		r.Do(t, "FLUSHALL")
	}
}

// cantBeUsed runs a machine whose store can't be used: it mints by itself, after one warning, which holds want, a hint, and
// none of the secrets.
func cantBeUsed(t *testing.T, m *machine, want string, secrets ...string) {
	t.Helper()
	ctx, stop := context.WithTimeout(t.Context(), 2*time.Minute)
	defer stop()
	turn, err := m.Wait(ctx, fresh(0), time.Minute, 0)
	if err != nil || turn.Found {
		t.Fatalf("%+v, %v", turn, err)
	}
	turn.Publish(ctx, entry("fetched", 0))
	if len(m.warnings) != 1 || !strings.Contains(m.warnings[0], want) || !strings.HasSuffix(m.warnings[0], ")") {
		t.Errorf("warnings %q, want one with %q", m.warnings, want)
	}
	for _, secret := range append(secrets, "fetched", apiKey) {
		if strings.Contains(strings.Join(m.warnings, " "), secret) {
			t.Errorf("%q is in %q", secret, m.warnings)
		}
	}
}

// A Redis that can't be used costs one warning.
func TestRedisCantBeUsed(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		args []string
		prep func(t *testing.T, r *fleettest.Redis)
		url  func(r *fleettest.Redis) string
		want string
	}{
		"down":                 {nil, func(_ *testing.T, r *fleettest.Redis) { r.Stop() }, nil, "connection refused"},
		"stopped":              {nil, func(_ *testing.T, r *fleettest.Redis) { r.Pause() }, nil, "did not answer"},
		"a password is needed": {[]string{"--requirepass", "x"}, nil, nil, "NOAUTH"},
		"no ACL":               {nil, func(t *testing.T, r *fleettest.Redis) { r.User(t, "default", "", "-@all") }, nil, "NOPERM"},
		"no ACL for the keys": {nil, func(t *testing.T, r *fleettest.Redis) {
			r.User(t, "default", "", "resetkeys ~other:*")
		}, nil, "NOPERM"},
		"reads only": {nil, func(t *testing.T, r *fleettest.Redis) {
			r.User(t, "default", "", "resetkeys %R~cgp-cred:*")
		}, nil, "NOPERM"},
		"a replica": {nil, func(t *testing.T, r *fleettest.Redis) {
			r.Do(t, "REPLICAOF", "127.0.0.1", "1")
			r.Do(t, "CONFIG", "SET", "replica-serve-stale-data", "yes")
		}, nil, "READONLY"},
		"full": {nil, func(t *testing.T, r *fleettest.Redis) {
			r.Do(t, "CONFIG", "SET", "maxmemory-policy", "noeviction", "maxmemory", "1")
		}, nil, "OOM"},
		"no TLS": {nil, nil, func(r *fleettest.Redis) string { return "rediss://" + r.Addr }, "has no TLS"},
		"no such database": {nil, nil, func(r *fleettest.Redis) string {
			return r.URL("") + "/99"
		}, "DB index"},
		"no cluster": {nil, nil, func(r *fleettest.Redis) string { return r.URL("") + "?cluster=true" }, "cluster"},
		"no Sentinel": {nil, nil, func(r *fleettest.Redis) string {
			return r.URL("") + "?master_name=main"
		}, "entinel"},
		"an option that is none": {nil, nil, func(r *fleettest.Redis) string { return r.URL("") + "?colour=red" }, "colour"},
		"a host that is none":    {nil, nil, func(*fleettest.Redis) string { return "redis://none.invalid" }, "none.invalid"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := startRedis(t, tt.args...)
			if tt.prep != nil {
				tt.prep(t, r)
			}
			url := r.URL("")
			if tt.url != nil {
				url = tt.url(r)
			}
			cantBeUsed(t, newMachineAt(t, url, 0), tt.want)
		})
	}
}

// A server that evicts what it holds costs a request, and no failure.
func TestRedisEvicts(t *testing.T) {
	t.Parallel()
	r := startRedis(t)
	wait(t, newMachineAt(t, r.URL(""), 0), 0).Publish(t.Context(), entry("first", 0))
	r.Do(t, "CONFIG", "SET", "maxmemory-policy", "allkeys-lru", "maxmemory", "1")
	m := newMachineAt(t, r.URL(""), 0)
	turn, err := m.Wait(t.Context(), fresh(0), time.Minute, 0)
	if err != nil {
		t.Fatal(err)
	}
	turn.Publish(t.Context(), entry("second", 0))
	if len(m.warnings) > 1 {
		t.Errorf("warnings %q", m.warnings)
	}
}

// The companion is next to cgp-cred, can be run, and belongs to the right user.
func TestCompanionCantBeUsed(t *testing.T) {
	useCompanion(t)
	built := fleettest.Companion(t)
	for name, tt := range map[string]struct {
		prep func(t *testing.T, path string)
		want string
	}{
		"missing":        {func(t *testing.T, p string) { must(t, os.Remove(p)) }, "no such file"},
		"not executable": {func(t *testing.T, p string) { chmod(t, p, 0o644) }, "not executable"},
		"everybody's":    {func(t *testing.T, p string) { chmod(t, p, 0o777) }, "can be written"},
		"a folder": {func(t *testing.T, p string) {
			must(t, os.Remove(p))
			must(t, os.Mkdir(p, 0o755))
		}, "not a regular file"},
		"another's": {func(t *testing.T, p string) {
			keystoretest.Require(t, keystoretest.Users)
			must(t, os.Chown(p, 12345, 12345))
		}, "belongs to uid 12345"},
		"no program": {func(t *testing.T, p string) { must(t, os.WriteFile(p, []byte("\x00\x01"), 0o755)) }, "exec format error"},
		"is killed":  {func(t *testing.T, p string) { must(t, os.WriteFile(p, []byte("#!/bin/sh\nkill -9 $$\n"), 0o755)) }, "killed"},
		"prints without end": {func(t *testing.T, p string) {
			must(t, os.WriteFile(p, []byte("#!/bin/sh\nyes\n"), 0o755))
		}, "64 KiB"},
	} {
		t.Run(name, func(t *testing.T) {
			folder := folderOf(t)
			path := fleettest.Copy(t, built, folder)
			self := filepath.Join(folder, "cgp-cred")
			must(t, os.WriteFile(self, nil, 0o755))
			tt.prep(t, path)
			t.Cleanup(fleet.SetExecutable(self))
			cantBeUsed(t, newMachineAt(t, "redis://127.0.0.1:1", 0), tt.want)
		})
	}
}

func chmod(t *testing.T, path string, mode os.FileMode) {
	t.Helper()
	must(t, os.Chmod(path, mode))
}
