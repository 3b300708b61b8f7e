package fleet_test

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"cgp-cred/helper/apim"
	"cgp-cred/helper/cache"
	"cgp-cred/helper/fleet"
	"cgp-cred/helper/report"
	"cgp-cred/keystore"
	"cgp-cred/keystore/disk"
	"cgp-cred/keystore/fault"
	"cgp-cred/keystore/keystoretest"
	"cgp-cred/keystore/record"
	"cgp-cred/keystore/signer"
)

const apiKey = "fleet-api-key-0123456789"

func credential() *record.Record {
	return &record.Record{
		Rev: "r", Host: "int.api.service.nhs.uk", Auth: record.JWT, APIKey: keystore.NewSecret([]byte(apiKey)),
		Key: &record.Key{KID: "k", Signer: signer.NewRSA(keystoretest.Key(2048, 0))},
	}
}

// machine is one machine of a fleet.
type machine struct {
	*fleet.Fleet

	mu       sync.Mutex
	warnings []string
}

// newMachine returns a machine whose clock differs by off.
func newMachine(t *testing.T, folder string, off time.Duration) *machine {
	t.Helper()
	return newMachineAt(t, keystoretest.FileURL(folder), off)
}

// newMachineAt returns a machine of the fleet at a URL.
func newMachineAt(t *testing.T, url string, off time.Duration) *machine {
	t.Helper()
	m := &machine{}
	f, err := fleet.New(fleet.Options{
		URL: url, Given: true, Record: credential(), Where: "https://token.example/token",
		Now: func() time.Time { return time.Now().Add(off) },
		Report: report.To{Warning: func(text string) {
			m.mu.Lock()
			defer m.mu.Unlock()
			m.warnings = append(m.warnings, text)
		}},
	})
	if err != nil {
		t.Fatal(err)
	}
	m.Fleet = f
	return m
}

func entry(token string, off time.Duration) cache.Entry {
	now := time.Now().Add(off)
	return cache.Entry{
		Header: "Authorization", Token: keystore.NewSecret([]byte(token)), FetchedAt: now, Expiry: now.Add(599 * time.Second),
	}
}

// fresh accepts a token with a minute left by a clock that differs by off.
func fresh(off time.Duration) func(cache.Entry) bool {
	return func(e cache.Entry) bool { return e.Fresh(time.Now().Add(off), time.Minute) }
}

func wait(t *testing.T, m *machine, off time.Duration) *fleet.Turn {
	t.Helper()
	turn, err := m.Wait(t.Context(), fresh(off), time.Minute, 0)
	if err != nil {
		t.Fatal(err)
	}
	return turn
}

func folderOf(t *testing.T) string {
	t.Helper()
	folder := t.TempDir()
	if err := os.Chmod(folder, 0o700); err != nil {
		t.Fatal(err)
	}
	return folder
}

func TestOneMachineMints(t *testing.T) {
	t.Parallel()
	folder := folderOf(t)
	var minted atomic.Int32
	var group sync.WaitGroup
	for i := range 60 {
		off := time.Duration(i%3-1) * 10 * time.Minute // no two clocks need to agree
		m := newMachine(t, folder, off)
		group.Go(func() {
			turn, err := m.Wait(t.Context(), fresh(off), time.Minute, 0)
			if err != nil {
				t.Error(err)
				return
			}
			if !turn.Found {
				minted.Add(1)
				turn.Publish(t.Context(), entry("the-token", off))
				return
			}
			if got := string(turn.Entry.Token.Reveal()); got != "the-token" {
				t.Errorf("got the token %q", got)
			}
			if left := turn.Entry.Expiry.Sub(time.Now().Add(off)); left > 600*time.Second {
				t.Errorf("%v are left by this machine's clock", left)
			}
		})
	}
	group.Wait()
	if n := minted.Load(); n != 1 {
		t.Errorf("%d machines minted", n)
	}
	holdsNoSecret(t, folder, "the-token", apiKey)
	names := list(t, folder)
	if len(names) != 2 { // the value, and the lease of the one before it
		t.Errorf("the folder has %q", names)
	}
}

func list(t *testing.T, folder string) (names []string) {
	t.Helper()
	entries, err := os.ReadDir(folder)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		names = append(names, e.Name())
	}
	return names
}

func holdsNoSecret(t *testing.T, folder string, secrets ...string) {
	t.Helper()
	for _, name := range list(t, folder) {
		raw, err := os.ReadFile(filepath.Join(folder, name))
		if err != nil {
			t.Fatal(err)
		}
		for _, secret := range secrets {
			if bytes.Contains(raw, []byte(secret)) || strings.Contains(name, secret) {
				t.Errorf("%s holds %q", name, secret)
			}
		}
	}
}

// A machine that is killed with the lease keeps the others waiting for one lease.
func TestHolderDies(t *testing.T) {
	t.Parallel()
	folder := folderOf(t)
	if turn := wait(t, newMachine(t, folder, 0), 0); turn.Found {
		t.Fatal("found a token in an empty folder")
	} // the others, whose leases are shorter, see no sign of life
	next := newMachine(t, folder, 0)
	next.SetLeaseTime(300 * time.Millisecond)
	turn := wait(t, next, 0)
	if turn.Found {
		t.Fatal("found a token before one was minted")
	}
	turn.Publish(t.Context(), entry("second", 0))
	if turn := wait(t, newMachine(t, folder, 0), 0); !turn.Found {
		t.Error("the second machine's token was not shared")
	}
}

// Leases by a clock of the test's own: a holder that gives signs of life keeps its lease.
func TestLease(t *testing.T) {
	t.Parallel()
	folder := folderOf(t)
	shared, err := disk.OpenSharedFolder(folder)
	if err != nil {
		t.Fatal(err)
	}
	now := time.Now()
	clock := func() time.Time { return now }
	a, b, c := fleet.NewFolder(shared, clock), fleet.NewFolder(shared, clock), fleet.NewFolder(shared, clock)
	ctx := t.Context()
	lease := func(who string, s fleet.Store, hold time.Duration, want bool) {
		t.Helper()
		if _, err := s.Look(ctx, "name"); err != nil {
			t.Fatal(err)
		}
		got, err := s.Lease(ctx, "name", hold)
		if err != nil || got != want {
			t.Errorf("%s: got the lease: %v, want %v, %v", who, got, want, err)
		}
	}
	const hold = 30 * time.Second
	lease("the first", a, hold, true)
	lease("the second", b, hold, false)
	for range 5 {
		now = now.Add(20 * time.Second)
		lease("the first again", a, hold, true)
		lease("the second, while the first lives", b, hold, false)
	}
	now = now.Add(29 * time.Second)
	lease("the second, too early", b, hold, false)
	now = now.Add(2 * time.Second)
	lease("a third that has just begun to watch", c, hold, false)
	lease("the second, after the first's last sign of life", b, hold, true)
	lease("the third", c, hold, false)
	lease("the second ends it", b, 0, false)
	if err := a.Publish(ctx, "name", []byte("late"), hold); err != nil {
		t.Fatal(err)
	}
	lease("a new content has a new lease", c, hold, true)
	if err := c.Drop(ctx, "name"); err != nil {
		t.Fatal(err)
	}
	if found, err := b.Look(ctx, "name"); err != nil || found.Value != nil {
		t.Errorf("after a drop: %q, %v", found.Value, err)
	}
}

func TestRefusalIsShared(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		refusal *apim.Error
		after   time.Duration // since it was published
		limit   time.Duration
		shared  bool
	}{
		"refused":                     {&apim.Error{Class: fault.Refused, Status: 401}, 0, time.Minute, true},
		"refused long ago":            {&apim.Error{Class: fault.Refused, Status: 401}, 2 * time.Minute, time.Minute, false},
		"throttled":                   {&apim.Error{Class: fault.Temporary, Status: 429}, 0, 0, true},
		"throttled long ago":          {&apim.Error{Class: fault.Temporary, Status: 429}, time.Minute, 0, false},
		"Retry-After":                 {&apim.Error{Class: fault.Temporary, Status: 429, RetryAfter: time.Hour}, time.Minute, 0, true},
		"one more would fix it":       {&apim.Error{Class: fault.Refused, Status: 401, OneMore: true}, 0, 0, false},
		"a failing server":            {&apim.Error{Class: fault.Temporary, Status: 503}, 0, 0, false},
		"a network of this machine":   {&apim.Error{Class: fault.Network}, 0, 0, false},
		"throttled, and time is left": {&apim.Error{Class: fault.Temporary, Status: 429}, 9900 * time.Millisecond, time.Minute, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			folder := folderOf(t)
			wait(t, newMachine(t, folder, 0), 0).Fail(t.Context(), tt.refusal)
			for _, file := range list(t, folder) {
				at := time.Now().Add(-tt.after)
				if err := os.Chtimes(filepath.Join(folder, file), at, at); err != nil {
					t.Fatal(err)
				}
			}
			turn, err := newMachine(t, folder, 0).Wait(t.Context(), fresh(0), tt.limit, 0)
			var got *apim.Error
			if shared := errors.As(err, &got); shared != tt.shared {
				t.Fatalf("shared %v, want %v: %v", shared, tt.shared, err)
			}
			if tt.shared && (got.Status != tt.refusal.Status || got.Class != tt.refusal.Class) {
				t.Errorf("got %+v", got)
			}
			if !tt.shared && (turn == nil || turn.Found) {
				t.Errorf("this machine may not ask: %+v", turn)
			}
		})
	}
}

// A token that is still good stays while a newer one is refused.
func TestRefusalKeepsTheToken(t *testing.T) {
	t.Parallel()
	folder := folderOf(t)
	wait(t, newMachine(t, folder, 0), 0).Publish(t.Context(), entry("good", 0))
	early := newMachine(t, folder, 0).Try(t.Context(), func(cache.Entry) bool { return false })
	early.Fail(t.Context(), &apim.Error{Class: fault.Refused, Status: 401})
	if turn := wait(t, newMachine(t, folder, 0), 0); !turn.Found {
		t.Error("the token was lost")
	}
	if turn := newMachine(t, folder, 0).Try(t.Context(), func(cache.Entry) bool { return false }); turn != nil {
		t.Error("another machine asks ahead, too")
	}
}

// What is not a value that a machine with this credential wrote is no value, and is replaced.
func TestPoisoned(t *testing.T) {
	t.Parallel()
	link := func(target string) func(t *testing.T, file string) {
		return func(t *testing.T, file string) { t.Helper(); keystoretest.Symlink(t, target, file) }
	}
	content := func(raw string) func(t *testing.T, file string) {
		return func(t *testing.T, file string) { t.Helper(); must(t, os.WriteFile(file, []byte(raw), 0o600)) }
	}
	for name, tt := range map[string]struct {
		plant  func(t *testing.T, file string)
		broken bool // the store can't be used
	}{
		"nothing":      {content(""), false},
		"text":         {content("hello\n"), false},
		"a megabyte":   {content(strings.Repeat("x", 1<<20)), false},
		"zeroes":       {content(strings.Repeat("\x00", 100)), false},
		"a seal":       {content("\x01" + strings.Repeat("s", 100)), false},
		"a link":       {link("/etc/passwd"), true},
		"a loop":       {link("loop"), true},
		"a named pipe": {fifo, true},
		"a folder":     {func(t *testing.T, file string) { t.Helper(); must(t, os.Mkdir(file, 0o700)) }, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			folder := folderOf(t)
			m := newMachine(t, folder, 0)
			file := filepath.Join(folder, m.Name()+".token")
			tt.plant(t, file)
			turn := wait(t, m, 0)
			if turn.Found {
				t.Fatal("found a token")
			}
			turn.Publish(t.Context(), entry("fetched", 0))
			if len(m.warnings) != 1 {
				t.Errorf("warnings %q, want one", m.warnings)
			}
			if found := wait(t, newMachine(t, folder, 0), 0).Found; found == tt.broken {
				t.Errorf("the token is shared: %v", found)
			}
		})
	}
}

// Another credential, another host or another token URL is another fleet in the same folder.
func TestFleetsAreApart(t *testing.T) {
	t.Parallel()
	folder := folderOf(t)
	names := map[string]bool{newMachine(t, folder, 0).Name(): true}
	for what, change := range map[string]func(*fleet.Options){
		"host":        func(o *fleet.Options) { o.Record.Host = "other.example" },
		"token URL":   func(o *fleet.Options) { o.Where = "https://other.example/token" },
		"audience":    func(o *fleet.Options) { o.Record.Audience = "other" },
		"API key":     func(o *fleet.Options) { o.Record.APIKey = keystore.NewSecret([]byte("another-api-key-0123456")) },
		"key":         func(o *fleet.Options) { o.Record.Key.Signer = signer.NewRSA(keystoretest.Key(2048, 1)) },
		"fleet key":   func(o *fleet.Options) { o.Record.FleetKey = keystore.NewSecret(bytes.Repeat([]byte("k"), 32)) },
		"kid (same)":  func(o *fleet.Options) { o.Record.Key.KID = "another" },
		"rev (same)":  func(o *fleet.Options) { o.Record.Rev = "another" },
		"path (same)": func(o *fleet.Options) { o.Record.APIName = "another" },
	} {
		o := fleet.Options{
			URL: keystoretest.FileURL(folder), Record: credential(), Where: "https://token.example/token", Now: time.Now,
		}
		change(&o)
		f, err := fleet.New(o)
		if err != nil {
			t.Fatal(err)
		}
		if same := strings.Contains(what, "(same)"); names[f.Name()] != same {
			t.Errorf("%s: the name is known: %v", what, !same)
		}
		names[f.Name()] = true
	}
}

func TestDrop(t *testing.T) {
	t.Parallel()
	folder := folderOf(t)
	wait(t, newMachine(t, folder, 0), 0).Publish(t.Context(), entry("first", 0))
	m := newMachine(t, folder, 0)
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
	if turn := wait(t, newMachine(t, folder, 0), 0); turn.Found {
		t.Error("a dropped token came back")
	}
}

// A folder that can't be used costs one warning.
func TestFolderCantBeUsed(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		make func(t *testing.T, folder string) string
		want string
	}{
		"missing":      {func(_ *testing.T, f string) string { return filepath.Join(f, "none") }, "does not exist"},
		"everybody's":  {func(t *testing.T, f string) string { keystoretest.LetAllWrite(t, f); return f }, "every user"},
		"a file":       {func(t *testing.T, f string) string { return touch(t, f) }, "is not a folder"},
		"not a folder": {func(t *testing.T, f string) string { return touch(t, f) + "/sub" }, notAFolder},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m := newMachine(t, tt.make(t, folderOf(t)), 0)
			turn := wait(t, m, 0)
			if turn.Found {
				t.Fatal("found a token")
			}
			turn.Publish(t.Context(), entry("fetched", 0))
			if len(m.warnings) != 1 || !strings.Contains(m.warnings[0], tt.want) {
				t.Errorf("warnings %q", m.warnings)
			}
		})
	}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func touch(t *testing.T, folder string) string {
	t.Helper()
	file := filepath.Join(folder, "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

func TestWaitEndsWithItsContext(t *testing.T) {
	t.Parallel()
	folder := folderOf(t)
	wait(t, newMachine(t, folder, 0), 0)
	ctx, stop := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer stop()
	if turn, err := newMachine(t, folder, 0).Wait(ctx, fresh(0), time.Hour, 0); err == nil {
		t.Errorf("%+v", turn)
	}
}

// After the limit a machine asks without the fleet, and shares what it gets.
func TestLimit(t *testing.T) {
	t.Parallel()
	folder := folderOf(t)
	wait(t, newMachine(t, folder, 0), 0)
	turn, err := newMachine(t, folder, 0).Wait(t.Context(), fresh(0), 0, 0)
	if err != nil || turn.Found {
		t.Fatalf("%+v, %v", turn, err)
	}
	turn.Publish(t.Context(), entry("late", 0))
	if !wait(t, newMachine(t, folder, 0), 0).Found {
		t.Error("the token was not shared")
	}
}

func TestCheckURL(t *testing.T) {
	t.Parallel()
	for _, good := range []string{"file:///shared/fleet", "file://localhost/shared", "file:///a%20b"} {
		if err := fleet.CheckURL(good); err != nil {
			t.Errorf("%s: %v", good, err)
		}
	}
	var told []string
	for _, bad := range []string{
		"", "/shared", "shared", "file:", "file://", "file:///", "file://server/share", "file://user:secret@localhost/x",
		"file:relative", "file:///x?y=1", "file:///x#y", "http://x/y", "nfs://x/y", "file:///%zz", "\x00", "FILE",
	} {
		err := fleet.CheckURL(bad)
		if err == nil || fault.HintOf(err, "") == "" {
			t.Errorf("%q: %v", bad, err)
			continue
		}
		told = append(told, err.Error())
	}
	if slices.ContainsFunc(told, func(s string) bool { return strings.Contains(s, "secret") }) {
		t.Errorf("a password was quoted: %q", told)
	}
}
