package oauth_test

import (
	"sync/atomic"
	"testing"
	"time"

	"cgp-cred/helper"
	"cgp-cred/helper/apim"
	"cgp-cred/helper/manage"
	"cgp-cred/helper/simulator"
	"cgp-cred/helper/source"
)

// aged returns a source of young tokens on a machine with a token of 600 s, and a function that lets time pass.
func aged(t *testing.T) (*place, *source.Source, func(time.Duration)) {
	t.Helper()
	var ahead atomic.Int64
	clock := func() time.Time { return time.Now().Add(time.Duration(ahead.Load())) }
	p := newPlace(t, simulator.Config{TokenLife: 600 * time.Second, Now: clock}, manage.Change{})
	p.Now = clock
	p.APIM = func() (*apim.Client, error) { return &apim.Client{Now: clock}, nil }
	return p, p.source(t).Young(), func(d time.Duration) { ahead.Add(int64(d)) }
}

func credential(t *testing.T, s *source.Source) helper.Credential {
	t.Helper()
	c, err := s.Credential(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// A token that is handed on has half of its life left, and is the same one until then.
func TestYoung(t *testing.T) {
	t.Parallel()
	p, s, pass := aged(t)
	first := credential(t, s)
	for _, step := range []struct {
		pass time.Duration
		same bool
	}{{0, true}, {290 * time.Second, true}, {20 * time.Second, false}} {
		pass(step.pass)
		for range 3 {
			if c := credential(t, s); c.Secret.Equal(first.Secret) != step.same {
				t.Errorf("after %v the token is the same: %v", step.pass, !step.same)
			}
		}
	}
	if n := p.Sim.Requests(); n != 2 {
		t.Errorf("%d token requests", n)
	}
}

// While no new token can be had, the old one is handed on: for as long as it can be used.
func TestYoungOutlivesAFailure(t *testing.T) {
	t.Parallel()
	for _, fault := range []string{"502", "429", "row03"} {
		t.Run(fault, func(t *testing.T) {
			t.Parallel()
			p, s, pass := aged(t)
			first := credential(t, s)
			p.Fails(t, fault)
			pass(400 * time.Second)
			for range 2 {
				if c := credential(t, s); !c.Secret.Equal(first.Secret) {
					t.Error("another token")
				}
			}
			if n := p.Sim.Requests(); n != 1 {
				t.Errorf("%d token requests in the outage", n)
			}
		})
	}
}

// A token that the user erased is not handed on: neither by the next request, nor by memory.
func TestYoungSeesErase(t *testing.T) {
	t.Parallel()
	p, s, _ := aged(t)
	first := credential(t, s)
	credential(t, s)
	if err := p.Erase(t.Context(), p.Load(t)); err != nil {
		t.Fatal(err)
	}
	if c := credential(t, s); c.Secret.Equal(first.Secret) {
		t.Error("the erased token")
	}
}

// Without a token cache the source keeps the token itself.
func TestYoungWithoutCache(t *testing.T) {
	t.Parallel()
	p := newPlace(t, simulator.Config{TokenLife: 4 * time.Second}, manage.Change{})
	p.Folders.State = ""
	s := p.source(t).Young()
	first := credential(t, s)
	if second := credential(t, s); !second.Secret.Equal(first.Secret) || p.Sim.Requests() != 1 {
		t.Errorf("another token, %d requests", p.Sim.Requests())
	}
	for end := time.Now().Add(time.Minute); ; time.Sleep(20 * time.Millisecond) {
		c := credential(t, s)
		if left := time.Until(c.ExpiresAt); left < 0 || time.Now().After(end) {
			t.Fatalf("%v left", left)
		}
		if !c.Secret.Equal(first.Secret) {
			return
		}
	}
}
