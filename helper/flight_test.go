package helper_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"cgp-cred/helper"
	"cgp-cred/helper/apim"
	"cgp-cred/helper/cache"
	"cgp-cred/helper/helpertest"
	"cgp-cred/helper/manage"
	"cgp-cred/helper/simulator"
	"cgp-cred/keystore"
	"cgp-cred/keystore/disk"
	"cgp-cred/keystore/fault"
)

// slow is a keystore that answers after a time, if the caller waits for as long as that.
type slow struct {
	keystore.Keystore

	limit, delay time.Duration
}

func (s slow) Limit() (time.Duration, error) { return s.limit, nil }

func (s slow) Get(ctx context.Context, account string) (keystore.Secret, error) {
	if strings.HasSuffix(account, cache.AccountEnd) { // a token that is kept next to the record
		return s.Keystore.Get(ctx, account)
	}
	select {
	case <-time.After(s.delay):
		return s.Keystore.Get(ctx, account)
	case <-ctx.Done():
		return keystore.Secret{}, &keystore.Error{Kind: keystore.ErrTimeout, Op: "get", Account: account}
	}
}

// direct calls the token endpoint without a network, whose sockets would hold up a bubble's clock.
type direct struct {
	p     *helpertest.Place
	delay time.Duration
}

func (d direct) RoundTrip(r *http.Request) (*http.Response, error) {
	select {
	case <-time.After(d.delay):
	case <-r.Context().Done():
		return nil, r.Context().Err()
	}
	w := httptest.NewRecorder()
	d.p.Sim.ServeHTTP(w, r)
	return w.Result(), nil
}

// process is another process on p's machine, with a keystore and a token endpoint that take their time.
func process(p *helpertest.Place, keys slow, endpoint, timeout time.Duration) *helper.Helper {
	h := *p.Helper
	keys.Keystore = p.Keys
	h.Keystore = func(string) (keystore.Keystore, error) { return keys, nil }
	h.APIM = func() (*apim.Client, error) {
		return &apim.Client{HTTP: &http.Client{Transport: direct{p, endpoint}}}, nil
	}
	h.Timeout = timeout
	return &h
}

// A process that holds the lock may keep it for as long as it announced, and the others wait until then, even if that
// is longer than they would hold it themselves.
func TestNobodyGivesUpOnALawfulMint(t *testing.T) {
	t.Parallel()
	for name, holder := range map[string]struct {
		keys              slow
		endpoint, timeout time.Duration
	}{
		"usual":              {slow{limit: 30 * time.Second, delay: 29 * time.Second}, 24 * time.Second, 0},
		"a patient keychain": {slow{limit: 90 * time.Second, delay: 89 * time.Second}, 24 * time.Second, 0},
		"a patient connection": {
			slow{limit: 5 * time.Second, delay: 4 * time.Second},
			100 * time.Second,
			101 * time.Second,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := helpertest.New(t, simulator.Config{})
			profile := p.Load(t)
			synctest.Test(t, func(t *testing.T) {
				results := make(chan string, 2)
				get := func(h *helper.Helper) {
					c, err := h.Get(t.Context(), profile, helper.Options{})
					results <- fmt.Sprint(c.Value(), err)
				}
				go get(process(p, holder.keys, holder.endpoint, holder.timeout))
				synctest.Wait()
				go get(process(p, slow{limit: 5 * time.Second}, 0, 0))
				if first, second := <-results, <-results; first != second {
					t.Errorf("one has %q, the other %q", first, second)
				}
				if n := p.Sim.Requests(); n != 1 {
					t.Errorf("%d requests", n)
				}
			})
		})
	}
}

// The wait for a lock that is never released is the keychain's deadline and 30 s, unless its holder announced a longer
// time. The error says how long the wait was.
func TestWaitForALockEnds(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		limit, timeout time.Duration
		said           string // in the file next to the lock
		want           time.Duration
	}{
		"a user could answer":            {limit: 30 * time.Second, want: 60 * time.Second},
		"no user could answer":           {limit: 5 * time.Second, want: 35 * time.Second},
		"a longer timeout":               {limit: 5 * time.Second, timeout: 90 * time.Second, want: 100 * time.Second},
		"a shorter timeout":              {limit: time.Second, timeout: time.Second, want: 7 * time.Second},
		"the holder announced more":      {limit: 5 * time.Second, said: `{"hold":120000000000}`, want: 125 * time.Second},
		"the holder announced less":      {limit: 5 * time.Second, said: `{"hold":2000000000}`, want: 35 * time.Second},
		"the announcement can't be read": {limit: 5 * time.Second, said: `{"hold":"ever"}`, want: 35 * time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := helpertest.New(t, simulator.Config{})
			profile := p.Load(t)
			release, state, err := disk.TryLock(filepath.Join(p.Folders.Runtime, "int.lock"))
			if state != disk.Acquired {
				t.Fatal(state, err)
			}
			defer release()
			if tt.said != "" {
				if err := disk.WriteFile(filepath.Join(p.Folders.Runtime, "int.json"), []byte(tt.said)); err != nil {
					t.Fatal(err)
				}
			}
			synctest.Test(t, func(t *testing.T) {
				h := process(p, slow{limit: tt.limit}, 0, tt.timeout)
				start := time.Now()
				_, err := h.Get(t.Context(), profile, helper.Options{})
				waited := time.Since(start)
				want := fmt.Sprintf("another cgp-cred has been working on profile \"int\" for %v", tt.want)
				if fault.ClassOf(err) != fault.Temporary || fault.HintOf(err, "") == "" || err.Error() != want ||
					waited != tt.want {
					t.Errorf("%v after %v, want %s", err, waited, want)
				}
				ctx, stop := context.WithTimeout(t.Context(), time.Second) // a caller with less patience
				defer stop()
				start = time.Now()
				if _, err := h.Get(ctx, profile, helper.Options{}); !errors.Is(err, context.DeadlineExceeded) ||
					time.Since(start) != time.Second {
					t.Errorf("%v after %v, want the caller's own deadline", err, time.Since(start))
				}
			})
		})
	}
}

// A lease ends at the time that was announced, even if its holder hangs, and leaves no files.
func TestTurnEnds(t *testing.T) {
	t.Parallel()
	p := helpertest.New(t, simulator.Config{})
	profile := p.Load(t)
	synctest.Test(t, func(t *testing.T) {
		start := time.Now()
		hung := process(p, slow{limit: 30 * time.Second, delay: time.Hour}, 0, 0)
		_, err := hung.Get(t.Context(), profile, helper.Options{})
		if waited := time.Since(start); !errors.Is(err, keystore.ErrTimeout) || waited != 55*time.Second {
			t.Errorf("%v after %v", err, waited)
		}
		if _, err := process(p, slow{}, 0, 0).Get(t.Context(), profile, helper.Options{}); err != nil {
			t.Errorf("the next one: %v", err)
		}
	})
	left, err := os.ReadDir(p.Folders.Runtime)
	if err != nil || len(left) != 1 || left[0].Name() != "int.lock" {
		t.Errorf("the runtime folder holds %v, %v", left, err)
	}
}

// A mint with external keys announces a longer time before it asks them to sign, because each may wait for a user.
func TestATurnWithForeignKeysMayLastLonger(t *testing.T) {
	t.Parallel()
	p := helpertest.New(t, simulator.Config{})
	hold := filepath.Join(p.Folders.Runtime, "int.json")
	key, first := helpertest.SigningProgram(t)
	if _, err := p.Manage().Store(t.Context(), "int", manage.Change{Key: key, Force: true}); err != nil {
		t.Fatal(err)
	}
	next, _ := helpertest.SigningProgram(t)
	next.KID = "k2"
	if _, err := p.Manage().Rotate(t.Context(), "int", "", next); err != nil {
		t.Fatal(err)
	}
	helpertest.Run(t, first, "cp "+hold+" seen\n")
	if _, err := p.Get(t.Context(), p.Load(t), helper.Options{}); err != nil {
		t.Fatal(err)
	}
	said, err := os.ReadFile(filepath.Join(filepath.Dir(first), "seen"))
	if want := (30 + 25 + 2*30) * time.Second; string(said) != fmt.Sprintf(`{"hold":%d}`, want) {
		t.Errorf("said %q, %v; want %v", said, err, want)
	}
}

// A process that starts within five seconds of a refusal shares it, even if it then waits long for the lock.
func TestRefusalIsSharedAfterALongWait(t *testing.T) {
	t.Parallel()
	p := helpertest.New(t, simulator.Config{APIKey: "another-application"})
	start := time.Now()
	var later atomic.Int64
	p.Now = func() time.Time { return start.Add(time.Duration(later.Load())) }
	waiting := make(chan bool, 1)
	p.Trace = func(_ int, text string) {
		if strings.HasSuffix(text, "waiting for it") {
			waiting <- true
		}
	}
	if _, err := p.Get(t.Context(), p.Load(t), helper.Options{}); err == nil {
		t.Fatal("no refusal")
	}
	release, _, err := disk.TryLock(filepath.Join(p.Folders.Runtime, "int.lock"))
	if err != nil {
		t.Fatal(err)
	}
	later.Store(int64(4 * time.Second))
	refused := make(chan error, 1)
	profile := p.Load(t)
	go func() {
		_, err := p.Get(t.Context(), profile, helper.Options{})
		refused <- err
	}()
	<-waiting
	later.Store(int64(20 * time.Second))
	release()
	if err := <-refused; err == nil || p.Sim.Requests() != 1 {
		t.Errorf("%v, %d requests", err, p.Sim.Requests())
	}
}

// If APIM asks for a longer wait than the waiting processes allow, they do not ask it again. A process that allows such
// a wait does ask, and after a short wait every process tries for itself.
func TestThrottlingIsShared(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		fault    string
		timeout  time.Duration
		requests int
	}{
		{"429:60", 0, 1},
		{"429:20", 19 * time.Second, 1},
		{"502", time.Second, 5},
	} {
		t.Run(fmt.Sprint(tt.fault, tt.timeout), func(t *testing.T) {
			t.Parallel()
			p := helpertest.New(t, simulator.Config{})
			p.Fails(t, tt.fault)
			profile := p.Load(t)
			asked := 0
			synctest.Test(t, func(t *testing.T) {
				errs := make(chan error)
				for range 5 {
					go func() {
						h := process(p, slow{}, 0, 0)
						h.Timeout = tt.timeout
						_, err := h.Get(t.Context(), profile, helper.Options{})
						errs <- err
					}()
				}
				for range 5 {
					var e *apim.Error
					if err := <-errs; !errors.As(err, &e) || e.Class != fault.Temporary || fault.HintOf(e, "") == "" {
						t.Errorf("%v", err)
					}
				}
				asked = p.Sim.Requests()
				patient := process(p, slow{}, 0, 2*time.Minute)
				if _, err := patient.Get(t.Context(), profile,
					helper.Options{}); err == nil || p.Sim.Requests() == asked {
					t.Errorf("a process that may wait has not asked: %v", err)
				}
			})
			if asked < tt.requests || tt.requests == 1 && asked > 1 {
				t.Errorf("%d requests, want %d", asked, tt.requests)
			}
		})
	}
}
