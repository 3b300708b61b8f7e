package renew_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"cgp-cred/helper"
	"cgp-cred/helper/renew"
)

// at returns a spread that is the same each time.
func at(part float64) func() float64 { return func() float64 { return part } }

// Renewals are spread over a fifteenth of a token's life: some come earlier than two minutes before its end, and none
// comes later.
func TestRenewalsAreSpread(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		life time.Duration
		part float64
		left time.Duration // at the second request
	}{
		{600 * time.Second, 0, 120 * time.Second},
		{600 * time.Second, 0.5, 140 * time.Second},
		{600 * time.Second, 1, 160 * time.Second},
		{30 * time.Second, 0, 15 * time.Second},
		{30 * time.Second, 1, 17 * time.Second},
		{time.Hour, 0.25, 180 * time.Second},
	} {
		path := place(t)
		synctest.Test(t, func(t *testing.T) {
			s := &source{life: c.life, spread: at(c.part)}
			f := start(t, s, path, "token")
			var left time.Duration
			first := s.until()
			time.Sleep(time.Until(first) - c.left - time.Second) // far from it, not in steps
			synctest.Wait()
			if !s.until().Equal(first) {
				t.Errorf("life %v, part %v: renewed much too early", c.life, c.part)
			}
			for left == 0 {
				before := s.until()
				time.Sleep(time.Millisecond)
				synctest.Wait()
				if !s.until().Equal(before) {
					left = time.Until(before)
				}
			}
			if diff := c.left - left; diff < 0 || diff > 10*time.Millisecond {
				t.Errorf("life %v, part %v: renewed when %v were left, want %v", c.life, c.part, left, c.left)
			}
			if err := f.Close(); err != nil {
				t.Error(err)
			}
		})
	}
	seen := map[time.Duration]bool{}
	for range 20 {
		path := place(t)
		synctest.Test(t, func(t *testing.T) {
			s := &source{life: 600 * time.Second}
			f := start(t, s, path, "token")
			var left time.Duration
			for begin := s.until(); s.until().Equal(begin); synctest.Wait() {
				left = time.Until(begin)
				time.Sleep(time.Second)
			}
			if left < 118*time.Second || left > 162*time.Second {
				t.Errorf("renewed when %v were left", left)
			}
			seen[left.Round(time.Second)] = true
			if err := f.Close(); err != nil {
				t.Error(err)
			}
		})
	}
	if len(seen) < 5 {
		t.Errorf("20 files were renewed at %d moments", len(seen))
	}
}

// cached is a source with the rule of helper.Get: the last token is served if it has the life that is asked for, at
// most half of its whole life.
type cached struct {
	source

	guard   sync.Mutex // of what follows
	last    helper.Credential
	fetched []time.Duration // how much life the token before had, of each new one
}

func (c *cached) get(ctx context.Context, o helper.Options) (helper.Credential, error) {
	c.guard.Lock()
	defer c.guard.Unlock()
	left := time.Until(c.last.ExpiresAt)
	if !o.ForceNew && left > 0 && left > min(o.MinValid, c.life/2) {
		return c.last, nil
	}
	c.fetched = append(c.fetched, left)
	var err error
	c.last, err = c.source.get(ctx, o)
	return c.last, err
}

// asked returns how much life the token before had, of each new one.
func (c *cached) asked() []time.Duration {
	c.guard.Lock()
	defer c.guard.Unlock()
	return slices.Clone(c.fetched)
}

// replace makes another token the last one, and forgets what was fetched.
func (c *cached) replace(other helper.Credential) {
	c.guard.Lock()
	defer c.guard.Unlock()
	c.last, c.fetched = other, nil
}

// The cache serves a token up to the middle of its life, so the renewal of a token with a short life can come back with
// the same one. It is then asked for again at the latest moment. A token that another process has fetched meanwhile is
// used, and none is fetched.
func TestSpreadWithACache(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		life   time.Duration
		latest time.Duration // least life left of a token that is replaced
	}{{600 * time.Second, 120 * time.Second}, {250 * time.Second, 120 * time.Second}, {20 * time.Second, 9 * time.Second}} {
		for _, part := range []float64{0, 0.01, 0.5, 1} {
			path := place(t)
			synctest.Test(t, func(t *testing.T) {
				s := &cached{source: source{life: c.life}}
				f, err := renew.Start(t.Context(), renew.Options{
					Path: path, Format: "token", Source: s.get, Warn: s.warn, Spread: at(part),
				})
				if err != nil {
					t.Fatal(err)
				}
				time.Sleep(20 * c.life)
				synctest.Wait()
				if got := s.asked(); len(got) < 20 || len(got) > 45 || slices.Min(got[1:]) < c.latest-time.Second {
					t.Errorf("life %v, part %v: %d tokens, fetched when these had %v left", c.life, part,
						len(got), got)
				}
				for n := len(s.asked()); n == len(s.asked()); synctest.Wait() { // another process is first
					time.Sleep(time.Second)
				}
				time.Sleep(c.life / 4)
				other, err := s.source.get(t.Context(), helper.Options{})
				if err != nil {
					t.Fatal(err)
				}
				s.replace(other)
				before, err := os.ReadFile(path)
				if err != nil {
					t.Fatal(err)
				}
				got := before
				for bytes.Equal(got, before) && err == nil {
					time.Sleep(c.life / 100)
					synctest.Wait()
					got, err = os.ReadFile(path)
				}
				want := string(other.Secret.Reveal()) + "\n"
				if err != nil || string(got) != want || len(s.asked()) > 0 {
					t.Errorf("life %v, part %v: the file holds %q, want %q, %v; %v", c.life, part, got, want, err, s.asked())
				}
				if err := f.Close(); err != nil {
					t.Error(err)
				}
			})
		}
	}
}

// Renew fetches a new token at once, and tells when it is in the file. A failure keeps the old one.
func TestRenewNow(t *testing.T) {
	t.Parallel()
	path := place(t)
	synctest.Test(t, func(t *testing.T) {
		s := &cached{source: source{life: 600 * time.Second}}
		var told, beats atomic.Int32
		f, err := renew.Start(t.Context(), renew.Options{
			Path: path, Format: "token", Source: s.get, Warn: s.warn, Token: "the token", Keep: true,
			Renewed: func(helper.Credential) { told.Add(1) }, Beat: func() { beats.Add(1) }, Pace: 2 * time.Second,
		})
		if err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Minute)
		before, err := look(path, "token")
		if err != nil {
			t.Fatal(err)
		}
		if told.Load() != 1 || beats.Load() < 29 {
			t.Errorf("told %d times, %d beats", told.Load(), beats.Load())
		}
		began := time.Now()
		<-f.Renew()
		now, err := look(path, "token")
		if err != nil || now == before || told.Load() != 2 || time.Since(began) > time.Second {
			t.Errorf("the file holds %q, %v; told %d times, after %v", now, err, told.Load(), time.Since(began))
		}
		s.set(func() { s.err = errors.New("refused") })
		first, second := f.Renew(), f.Renew()
		<-first
		<-second
		if kept, err := look(path, "token"); err != nil || kept != now || told.Load() != 2 {
			t.Errorf("the file holds %q, %v; told %d times", kept, err, told.Load())
		}
		if _, warnings := s.seen(); len(warnings) != 1 || warnings[0] != fmt.Sprintf(
			"the token can't be renewed, and expires at %s: refused", s.expiry.Local().Format("15:04:05")) {
			t.Errorf("warnings %q", warnings)
		}
		if err := f.Close(); err != nil {
			t.Error(err)
		}
		<-f.Renew()
		if kept, err := look(path, "token"); err != nil || kept != now {
			t.Errorf("after Close the file holds %q, %v", kept, err)
		}
	})
}
