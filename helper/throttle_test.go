package helper_test

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"cgp-cred/helper"
	"cgp-cred/helper/apim"
	"cgp-cred/helper/helpertest"
	"cgp-cred/helper/mint"
	"cgp-cred/helper/profile"
	"cgp-cred/helper/simulator"
	"cgp-cred/keystore/fault"
)

// throttled checks that err says that the quota is used up, and what to do.
func throttled(t *testing.T, err error) *apim.Error {
	t.Helper()
	var e *apim.Error
	if !errors.As(err, &e) || !e.Throttled() || fault.ClassOf(err) != fault.Temporary ||
		!strings.Contains(err.Error(), "too many token requests") || fault.HintOf(err, "") == "" {
		t.Fatalf("%v is not the sentence about throttling", err)
	}
	return e
}

// gets runs n gets at once, each in a process of its own, and returns their errors.
func gets(t *testing.T, n int, h func(i int) *helper.Helper, p *profile.Profile, o helper.Options) []error {
	t.Helper()
	errs := make([]error, n)
	var all sync.WaitGroup
	for i := range n {
		own := h(i)
		all.Go(func() { _, errs[i] = own.Get(t.Context(), p, o) })
	}
	all.Wait()
	return errs
}

// crowd returns how many processes wait for each other. Each of them opens the lock file twenty times a second, which
// wine closes only when the lock is released: on Windows a longer wait of more processes would use up its open files.
func crowd() int {
	if runtime.GOOS == "windows" {
		return 4
	}
	return 12
}

// While APIM throttles every request, one process of a machine asks, and all are told the same.
func TestOneProcessAsksWhileThrottled(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		fault             string
		timeout, patience time.Duration
		o                 helper.Options
		most              int // requests
	}{
		{"429", 25 * time.Second, 0, helper.Options{}, 4},
		{"429:20", 25 * time.Second, 0, helper.Options{}, 2},
		{"429:40", 25 * time.Second, 0, helper.Options{}, 1},
		{"429", 0, 0, helper.Options{}, 4},
		{"429", 0, mint.Patience, helper.Options{}, 60},
		{"429:40", 0, mint.Patience, helper.Options{}, 3},
		{"429:3600", 10 * time.Minute, 0, helper.Options{}, 1},
		{"429", 25 * time.Second, 0, helper.Options{ForceNew: true}, 4},
		{"429", time.Second, 0, helper.Options{}, 4},
		{"429", 100 * time.Millisecond, 0, helper.Options{}, 4},
		{"429", 25 * time.Second, 0, helper.Options{MinValid: 5 * time.Minute}, 4},
	} {
		t.Run(fmt.Sprint(tt.fault, tt.timeout, tt.patience, tt.o), func(t *testing.T) {
			t.Parallel()
			p := helpertest.New(t, simulator.Config{})
			p.Fails(t, tt.fault)
			saved := p.Load(t)
			synctest.Test(t, func(t *testing.T) {
				start := time.Now()
				var notes sync.Map
				for _, err := range gets(t, crowd(), func(i int) *helper.Helper {
					h := process(p, slow{}, 0, tt.timeout)
					h.Patience = tt.patience
					h.Warn = func(text string) {
						if _, again := notes.LoadOrStore(fmt.Sprint(i, text), true); again {
							t.Errorf("said twice: %s", text)
						}
					}
					return h
				}, saved, tt.o) {
					_ = throttled(t, err)
				}
				if n := p.Sim.Requests(); n < 1 || n > tt.most {
					t.Errorf("%d requests, want at most %d", n, tt.most)
				}
				longest := max(mint.Timeout, tt.timeout, tt.patience) + 10*time.Second
				if took := time.Since(start); took > longest {
					t.Errorf("it took %v", took)
				}
			})
		})
	}
}

// A mint waits for the quota as long as its patience lasts, says so once, and says in the end how long it was. Other
// failures have the usual time and attempts.
func TestPatience(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name, fault       string
		timeout, patience time.Duration
		ok                bool
		least, most       int           // requests
		waits             time.Duration // at least
		longest           time.Duration
		notes             int
	}{
		{"a token in the end", "429=3", 0, 5 * time.Minute, true, 4, 4, 3 * time.Second, 95 * time.Second, 1},
		{"only --timeout", "429=3", 5 * time.Minute, 0, true, 4, 4, 3 * time.Second, 95 * time.Second, 1},
		{"Retry-After is not undercut", "429:40=2", 0, 3 * time.Minute, true, 3, 3, 80 * time.Second, 141 * time.Second, 1},
		{"Retry-After beyond the patience", "429:91", 0, 90 * time.Second, false, 1, 1, 0, time.Second, 0},
		{"always", "429", 0, 90 * time.Second, false, 4, 64, 60 * time.Second, 90 * time.Second, 1},
		{"always, at a terminal", "429", 0, 0, false, 3, 3, 2 * time.Second, 25 * time.Second, 1},
		{"a failing server", "502", 0, 90 * time.Second, false, 3, 3, 0, 25 * time.Second, 0},
		{"a failing server after throttling", "429=1 502", 0, 90 * time.Second, false, 4, 4, 0, 55 * time.Second, 1},
		{"a silent server", "delay:10m", 0, 90 * time.Second, false, 1, 1, 25 * time.Second, 25 * time.Second, 0},
		{"always, and slow", "429 delay:9s", 0, 0, false, 2, 3, 10 * time.Second, 25 * time.Second, 1},
		{"a failing server, then throttling", "502=2 429=2", 0, 5 * time.Minute, true, 5, 5, 2 * time.Second, 70 * time.Second, 1},
		{"a refusal after throttling", "429=1 row22", 0, 90 * time.Second, false, 2, 2, time.Second, 31 * time.Second, 1},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			p := helpertest.New(t, simulator.Config{})
			c := p.Server
			for text := range strings.FieldsSeq(tt.fault) {
				f, err := simulator.ParseFault(text)
				if err != nil {
					t.Fatal(err)
				}
				c.Faults = append(c.Faults, f)
			}
			saved := p.Load(t)
			synctest.Test(t, func(t *testing.T) {
				p.Sim = simulator.New(c)
				h := process(p, slow{}, 0, tt.timeout)
				h.Patience = tt.patience
				var notes []string
				h.Warn = func(text string) { notes = append(notes, text) }
				start := time.Now()
				_, err := h.Get(t.Context(), saved, helper.Options{})
				took := time.Since(start)
				if n := p.Sim.Requests(); (err == nil) != tt.ok || n < tt.least || n > tt.most ||
					took < tt.waits || took > tt.longest {
					t.Errorf("%v after %d requests and %v", err, n, took)
				}
				if len(notes) != tt.notes || tt.notes > 0 && !strings.Contains(notes[0], "asking again in ") {
					t.Errorf("notes %q", notes)
				}
				if strings.HasPrefix(tt.name, "always") {
					if e := throttled(t, err); !strings.Contains(e.Error(), "cgp-cred has waited ") {
						t.Errorf("it does not say how long it waited: %v", e)
					}
				}
			})
		})
	}
}

// A hundred machines start at once, and the quota is for sixty of them: each gets a token.
func TestAFleetSharesTheQuota(t *testing.T) {
	t.Parallel()
	const nodes, quota = 100, 60
	p := helpertest.New(t, simulator.Config{})
	machines := make([]*helpertest.Place, nodes)
	for i := range machines {
		machines[i] = helpertest.New(t, simulator.Config{})
	}
	saved := make([]*profile.Profile, nodes)
	for i, m := range machines {
		saved[i] = m.Load(t)
	}
	synctest.Test(t, func(t *testing.T) {
		c := p.Server
		c.Quota = quota
		p.Sim = simulator.New(c)
		var all sync.WaitGroup
		for i, m := range machines {
			h := process(&helpertest.Place{Helper: m.Helper, Keys: m.Keys, Sim: p.Sim}, slow{}, 80*time.Millisecond, 0)
			h.Patience = mint.Patience
			all.Go(func() {
				if _, err := h.Get(t.Context(), saved[i], helper.Options{}); err != nil {
					t.Errorf("%d: %v", i, err)
				}
			})
		}
		all.Wait()
		if n := p.Sim.Requests(); n > 300 {
			t.Errorf("%d requests", n)
		}
	})
}

// A caller that can use its old token does not wait for the quota, nor for a process that does.
func TestASpareTokenIsServedWhileThrottled(t *testing.T) {
	t.Parallel()
	p := aged(t, 30*time.Second) // less than the minute that is asked for
	p.Fails(t, "429")
	p.Patience = time.Hour
	for range 3 {
		c, err := p.Get(t.Context(), p.Load(t), helper.Options{})
		if err != nil || !c.Cached {
			t.Errorf("cached %v, %v", c.Cached, err)
		}
	}
	if n := p.Sim.Requests(); n != 1 {
		t.Errorf("%d requests, want one, whose refusal is remembered", n)
	}
}

// A process with less patience than the one that asks is told what that one waits for. One with more asks when the
// other has given up, and none asks before its time.
func TestPatienceIsEachProcesssOwn(t *testing.T) {
	t.Parallel()
	p := helpertest.New(t, simulator.Config{})
	p.Fails(t, "429")
	saved := p.Load(t)
	synctest.Test(t, func(t *testing.T) {
		get := func(patience time.Duration) (time.Duration, error) {
			h := process(p, slow{}, 0, patience)
			start := time.Now()
			_, err := h.Get(t.Context(), saved, helper.Options{})
			return time.Since(start), err
		}
		asking := make(chan error)
		go func() {
			_, err := get(2 * time.Minute)
			asking <- err
		}()
		time.Sleep(time.Second)
		if took, err := get(10 * time.Second); took > 15*time.Second {
			t.Errorf("%v after %v", err, took)
		} else {
			_ = throttled(t, err)
		}
		longer := make(chan error)
		go func() {
			_, err := get(10 * time.Minute)
			longer <- err
		}()
		_ = throttled(t, <-asking)
		before := p.Sim.Requests()
		// A later caller, which is told at once because its time is too short.
		if took, err := get(10 * time.Second); took > 15*time.Second {
			t.Errorf("%v after %v", err, took)
		} else {
			_ = throttled(t, err)
		}
		_ = throttled(t, <-longer)
		if p.Sim.Requests() == before {
			t.Error("the more patient one has not asked")
		}
	})
}

// A process that can't wait until the other one asks again is told at once, and does not say that it waits.
func TestNoWaitInVain(t *testing.T) {
	t.Parallel()
	p := helpertest.New(t, simulator.Config{})
	p.Fails(t, "429:60")
	saved := p.Load(t)
	synctest.Test(t, func(t *testing.T) {
		ctx, stop := context.WithCancel(t.Context())
		asking := make(chan error)
		go func() {
			_, err := process(p, slow{}, 0, 10*time.Minute).Get(ctx, saved, helper.Options{})
			asking <- err
		}()
		time.Sleep(time.Second)
		h := process(p, slow{}, 0, 25*time.Second)
		h.Warn = func(text string) { t.Errorf("said: %s", text) }
		start := time.Now()
		_, err := h.Get(t.Context(), saved, helper.Options{})
		_ = throttled(t, err)
		if took := time.Since(start); took > 5*time.Second {
			t.Errorf("it took %v", took)
		}
		stop()
		if <-asking == nil {
			t.Error("the other process has a token")
		}
		if n := p.Sim.Requests(); n != 1 {
			t.Errorf("%d requests", n)
		}
	})
}

// A change of the profile makes the refusal irrelevant.
func TestThrottlingIsOfOneCredential(t *testing.T) {
	t.Parallel()
	p := helpertest.New(t, simulator.Config{})
	p.Fails(t, "429:3600")
	_, err := p.Get(t.Context(), p.Load(t), helper.Options{})
	_ = throttled(t, err)
	p.Sim = simulator.New(p.Server)
	_, err = p.Get(t.Context(), p.Load(t), helper.Options{})
	_ = throttled(t, err)
	if n := p.Sim.Requests(); n != 0 {
		t.Errorf("%d requests while it is known that they are in vain", n)
	}
	if _, err = p.Get(t.Context(), p.Load(t), helper.Options{ForceNew: true}); err != nil {
		t.Errorf("a user who insists: %v", err)
	}
}
