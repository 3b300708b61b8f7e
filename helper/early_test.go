package helper_test

import (
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"cgp-cred/helper"
	"cgp-cred/helper/simulator"
)

// aged is a place with a token of 600 s of which left is left. APIM's clock goes with ours.
func aged(t *testing.T, left time.Duration) *place {
	t.Helper()
	var ahead atomic.Int64
	clock := func() time.Time { return time.Now().Add(time.Duration(ahead.Load())) }
	p := newPlace(t, simulator.Config{TokenLife: 600 * time.Second, Now: clock})
	p.Now = clock
	if _, err := p.Get(t.Context(), p.load(t), helper.Options{}); err != nil {
		t.Fatal(err)
	}
	ahead.Store(int64(600*time.Second - left))
	return p
}

// fails puts a simulator with a fault into the place of the first.
func (p *place) fails(t *testing.T, fault string) {
	t.Helper()
	f, err := simulator.ParseFault(fault)
	if err != nil {
		t.Fatal(err)
	}
	c := p.config
	c.Faults = []simulator.Fault{f}
	p.sim = simulator.New(c)
}

func TestEarlyRenewal(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name     string
		left     time.Duration
		o        helper.Options
		requests int
	}{
		{"young", 121 * time.Second, helper.Options{}, 1},
		{"in the last fifth", 119 * time.Second, helper.Options{}, 2},
		{"the caller asked for a certain life", 119 * time.Second, helper.Options{MinValid: 90 * time.Second}, 1},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			p := aged(t, tt.left)
			c, err := p.Get(t.Context(), p.load(t), tt.o)
			if err != nil {
				t.Fatal(err)
			}
			if n := p.sim.Requests(); n != tt.requests || c.Cached != (tt.requests == 1) {
				t.Errorf("%d requests, cached %v, want %d", n, c.Cached, tt.requests)
			}
		})
	}
}

// While one renews, the others go on with the old token and wait for nothing.
func TestEarlyRenewalMakesNobodyWait(t *testing.T) {
	t.Parallel()
	p := aged(t, 100*time.Second)
	p.fails(t, "delay:2s")
	var wg sync.WaitGroup
	var renewed atomic.Int64
	for range 20 {
		profile := p.load(t)
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
	if n := p.sim.Requests(); n != 1 || renewed.Load() != 1 {
		t.Errorf("%d requests, %d gets with a new token, want one of each", n, renewed.Load())
	}
}

func TestFailedEarlyRenewalServesTheOldToken(t *testing.T) {
	t.Parallel()
	for _, fault := range []string{"502", "reset", "html", "row22", "truncate", "delay:20s"} {
		t.Run(fault, func(t *testing.T) {
			t.Parallel()
			p := aged(t, 100*time.Second)
			p.fails(t, fault)
			for range 3 {
				if c, err := p.Get(t.Context(), p.load(t), helper.Options{}); err != nil || !c.Cached {
					t.Errorf("cached %v, error %v", c.Cached, err)
				}
			}
			if n := p.sim.Requests(); n != 1 {
				t.Errorf("%d requests, want one attempt and then a pause", n)
			}
		})
	}
}

// The endpoint is down: a token with ten seconds left is better than none, and the user is told.
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
			p.fails(t, "html")
			c, err := p.Get(t.Context(), p.load(t), tt.o)
			if (err == nil) != tt.ok || c.Cached != tt.ok {
				t.Fatalf("cached %v, error %v, want ok %v", c.Cached, err, tt.ok)
			}
			if tt.ok && !strings.Contains(strings.Join(p.warnings, "\n"), "the cached one ends in 30s") {
				t.Errorf("warnings %q", p.warnings)
			}
		})
	}
}

// A refusal is no outage: the old token of a profile that is refused is not served past its margin.
func TestRefusalIsNoOutage(t *testing.T) {
	t.Parallel()
	p := aged(t, 30*time.Second)
	p.fails(t, "row18")
	if c, err := p.Get(t.Context(), p.load(t), helper.Options{}); err == nil {
		t.Errorf("cached %v", c.Cached)
	}
}
