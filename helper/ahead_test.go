package helper_test

import (
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"cgp-cred/helper"
	"cgp-cred/helper/apim"
	"cgp-cred/helper/helpertest"
	"cgp-cred/helper/manage"
	"cgp-cred/helper/simulator"
)

// aged is a place with a token of 600 s of which left is left. APIM's clock moves with cgp-cred's.
func aged(t *testing.T, left time.Duration) *helpertest.Place {
	t.Helper()
	return agedOf(t, 600*time.Second, left)
}

func agedOf(t *testing.T, life, left time.Duration) *helpertest.Place {
	t.Helper()
	var ahead atomic.Int64
	clock := func() time.Time { return time.Now().Add(time.Duration(ahead.Load())) }
	p := helpertest.New(t, simulator.Config{TokenLife: life, Now: clock})
	p.Now = clock
	if _, err := p.Get(t.Context(), p.Load(t), helper.Options{}); err != nil {
		t.Fatal(err)
	}
	ahead.Store(int64(life - left))
	return p
}

func TestEarlyRenewal(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name     string
		left     time.Duration
		o        helper.Options
		requests int
	}{
		{"young", 161 * time.Second, helper.Options{}, 1},
		{"in the last fifth", 119 * time.Second, helper.Options{}, 2},
		{"the caller asked for a certain life", 119 * time.Second, helper.Options{MinValid: 90 * time.Second}, 1},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			p := aged(t, tt.left)
			c, err := p.Get(t.Context(), p.Load(t), tt.o)
			if err != nil {
				t.Fatal(err)
			}
			if n := p.Sim.Requests(); n != tt.requests || c.Cached != (tt.requests == 1) {
				t.Errorf("%d requests, cached %v, want %d", n, c.Cached, tt.requests)
			}
		})
	}
}

// Machines that fetched in the same second do not refresh in the same second: each token has its own moment within a
// fifteenth of its life.
func TestEarlyRenewalIsSpread(t *testing.T) {
	t.Parallel()
	const machines = 24
	early := 0
	for range machines {
		p := aged(t, 140*time.Second) // halfway between 120 s and 160 s
		get(t, p)
		early += p.Sim.Requests() - 1
	}
	if early == 0 || early == machines {
		t.Errorf("%d of %d refresh in the first half", early, machines)
	}
}

// A token that is not served in its last fifth is refreshed ahead too, so that no get waits for the next one.
func TestEarlyRenewalOfShortLives(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ life, young, early time.Duration }{
		{300 * time.Second, 106 * time.Second, 84 * time.Second},
		{60 * time.Second, 40 * time.Second, 34 * time.Second},
		{12 * time.Second, 8 * time.Second, 6500 * time.Millisecond},
	} {
		t.Run(tt.life.String(), func(t *testing.T) {
			t.Parallel()
			start := time.Now()
			var ahead atomic.Int64
			clock := func() time.Time { return start.Add(time.Duration(ahead.Load())) }
			p := helpertest.New(t, simulator.Config{TokenLife: tt.life, Now: clock})
			p.Now = clock
			p.APIM = func() (*apim.Client, error) { return &apim.Client{Now: clock}, nil }
			for round := range 3 { // the last one was renewed early, and says nothing about the next
				get(t, p)
				ahead.Add(int64(tt.life - tt.young))
				if get(t, p); p.Sim.Requests() != round+1 {
					t.Fatalf("%d requests, %v left", p.Sim.Requests(), tt.young)
				}
				ahead.Add(int64(tt.young - tt.early))
				if c := get(t, p); p.Sim.Requests() != round+2 || c.Cached {
					t.Fatalf("%d requests, %v left", p.Sim.Requests(), tt.early)
				}
			}
		})
	}
}

func get(t *testing.T, p *helpertest.Place) helper.Credential {
	t.Helper()
	c, err := p.Get(t.Context(), p.Load(t), helper.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// A keychain that can't be read, and may have asked the user, is not asked for a minute. An endpoint is asked again
// sooner. A clock that was wrong for a while forbids nothing.
func TestEarlyRenewalPauses(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		spoil func(t *testing.T, p *helpertest.Place)
		pause time.Duration
	}{
		"the endpoint": {func(t *testing.T, p *helpertest.Place) { p.Fails(t, "502") }, 15 * time.Second},
		"the key":      {func(t *testing.T, p *helpertest.Place) { p.Fails(t, "row22") }, 15 * time.Second},
		"the keystore": {func(t *testing.T, p *helpertest.Place) {
			t.Helper()
			if err := p.Keys.Delete(t.Context(), "int"); err != nil { // a token in the keystore stays
				t.Fatal(err)
			}
		}, time.Minute},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := agedOf(t, time.Hour, 5*time.Minute)
			clock := p.Now
			tried := 0
			p.Trace = func(_ int, text string) {
				if strings.HasPrefix(text, "it expires soon") {
					tried++
				}
			}
			tt.spoil(t, p)
			for _, step := range []struct {
				ahead time.Duration
				tries int
			}{
				{0, 1},
				{1, 1},
				{tt.pause - time.Second, 1},
				{-2 * time.Second, 1},
				{tt.pause + time.Second, 2},
				{-2 * time.Minute, 3},
			} {
				p.Now = func() time.Time { return clock().Add(step.ahead) }
				if c := get(t, p); !c.Cached || tried != step.tries {
					t.Errorf("%v later: %d tries, want %d", step.ahead, tried, step.tries)
				}
			}
			if len(p.Warnings) > 0 {
				t.Errorf("warnings %q", p.Warnings)
			}
		})
	}
}

// While one process refreshes ahead, the others continue with the old token and do not wait.
func TestEarlyRenewalMakesNobodyWait(t *testing.T) {
	t.Parallel()
	p := aged(t, 100*time.Second)
	p.Fails(t, "delay:2s")
	var wg sync.WaitGroup
	var renewed atomic.Int64
	for range 20 {
		profile := p.Load(t)
		wg.Go(func() {
			c, err := p.Get(t.Context(), profile, helper.Options{})
			if err != nil {
				t.Error(err)
			}
			if !c.Cached {
				renewed.Add(1)
			}
		})
	}
	wg.Wait()
	if n := p.Sim.Requests(); n != 1 || renewed.Load() != 1 {
		t.Errorf("%d requests, %d gets with a new token, want one of each", n, renewed.Load())
	}
}

func TestFailedEarlyRenewalServesTheOldToken(t *testing.T) {
	t.Parallel()
	for _, fault := range []string{"502", "reset", "html", "row22", "truncate", "delay:20s"} {
		t.Run(fault, func(t *testing.T) {
			t.Parallel()
			p := aged(t, 100*time.Second)
			p.Fails(t, fault)
			for range 3 {
				if c, err := p.Get(t.Context(), p.Load(t), helper.Options{}); err != nil || !c.Cached {
					t.Errorf("cached %v, error %v", c.Cached, err)
				}
			}
			if n := p.Sim.Requests(); n != 1 {
				t.Errorf("%d requests, want one attempt and then a pause", n)
			}
		})
	}
}

// If the endpoint is down, a token with ten seconds left is served, with a warning.
func TestLastResort(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name string
		left time.Duration
		o    helper.Options
		ok   bool
	}{
		{"30 s are left", 30 * time.Second, helper.Options{}, true},
		{"9 s are left", 9 * time.Second, helper.Options{}, false},
		{"the caller asked for a certain life", 30 * time.Second, helper.Options{MinValid: time.Minute}, false},
		{"a new one was asked for", 30 * time.Second, helper.Options{ForceNew: true}, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			p := aged(t, tt.left)
			p.Fails(t, "html")
			c, err := p.Get(t.Context(), p.Load(t), tt.o)
			if (err == nil) != tt.ok || c.Cached != tt.ok {
				t.Fatalf("cached %v, error %v, want ok %v", c.Cached, err, tt.ok)
			}
			if tt.ok && !strings.Contains(strings.Join(p.Warnings, "\n"), "the cached one expires in 30s") {
				t.Errorf("warnings %q", p.Warnings)
			}
		})
	}
}

// A refusal is not an outage: after a refusal the old token is not served past its margin.
func TestRefusalIsNoOutage(t *testing.T) {
	t.Parallel()
	p := aged(t, 30*time.Second)
	p.Fails(t, "row18")
	if c, err := p.Get(t.Context(), p.Load(t), helper.Options{}); err == nil {
		t.Errorf("cached %v", c.Cached)
	}
}

// Refreshing ahead has one attempt, and a wrong clock needs two: its refusal is not shared with processes that have
// two.
func TestEarlyRenewalWithAWrongClock(t *testing.T) {
	t.Parallel()
	p := aged(t, 100*time.Second)
	p.APIM = func() (*apim.Client, error) { return &apim.Client{Now: p.Now}, nil }
	c := p.Server
	c.Now = func() time.Time { return p.Now().Add(time.Hour) }
	p.Sim = simulator.New(c)
	if c := get(t, p); !c.Cached || p.Sim.Requests() != 1 {
		t.Errorf("cached %v, %d requests", c.Cached, p.Sim.Requests())
	}
	if c, err := p.Get(t.Context(), p.Load(t), helper.Options{MinValid: 200 * time.Second}); err != nil || c.Cached {
		t.Errorf("cached %v, %v", c.Cached, err)
	}
}

// Refreshing ahead does not wait for a signer as a get without a token does: the last token is still good.
func TestEarlyRenewalDoesNotAwaitATouch(t *testing.T) {
	t.Setenv("CGP_CRED_KEYCHAIN_TIMEOUT", "60s")
	var ahead atomic.Int64
	clock := func() time.Time { return time.Now().Add(time.Duration(ahead.Load())) }
	p := helpertest.New(t, simulator.Config{TokenLife: 600 * time.Second, Now: clock})
	p.Now = clock
	key, first := helpertest.SigningProgram(t)
	if _, err := p.Manage().Store(t.Context(), "int", manage.Change{Key: key}); err != nil {
		t.Fatal(err)
	}
	if _, err := p.Get(t.Context(), p.Load(t), helper.Options{}); err != nil {
		t.Fatal(err)
	}
	ahead.Store(int64(500 * time.Second))
	helpertest.Run(t, first, "echo >asked; exec sleep 40\n")
	start := time.Now()
	c, err := p.Get(t.Context(), p.Load(t), helper.Options{})
	if err != nil || !c.Cached {
		t.Errorf("cached %v, %v", c.Cached, err)
	}
	if took := time.Since(start); took > 30*time.Second {
		t.Errorf("it waited %v", took)
	}
	if _, err := os.Stat(filepath.Join(filepath.Dir(first), "asked")); err != nil {
		t.Error("the token was not refreshed ahead")
	}
}
