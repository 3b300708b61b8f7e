package mint_test

import (
	"errors"
	"fmt"
	"regexp"
	"strings"
	"testing"
	"time"

	"cgp-cred/helper"
	"cgp-cred/helper/apim"
	"cgp-cred/helper/helpertest"
	"cgp-cred/helper/simulator"
	"cgp-cred/keystore/fault"
)

func TestWrongClockIsCorrected(t *testing.T) {
	t.Parallel()
	for _, off := range []time.Duration{-time.Hour, -10 * time.Minute, 10 * time.Minute, 59 * time.Minute, time.Hour} {
		t.Run(off.String(), func(t *testing.T) {
			t.Parallel()
			p := helpertest.New(t, simulator.Config{Now: func() time.Time { return time.Now().Add(off) }})
			c, err := p.Get(t.Context(), p.Load(t), helper.Options{})
			if err != nil {
				t.Fatal(err)
			}
			if left := time.Until(c.ExpiresAt); left > 10*time.Minute || left < 9*time.Minute {
				t.Errorf("%v left: the life must count by our own clock", left)
			}
			if n := p.Sim.Requests(); n != 2 || len(p.Warnings) != 1 ||
				!clockIs(off.Abs()).MatchString(p.Warnings[0]) {
				t.Errorf("%d requests, warnings %q", n, p.Warnings)
			}
		})
	}
}

// clockIs matches a message of a clock that is wrong by about this: the server's Date has whole seconds, and an answer may
// take one.
func clockIs(off time.Duration) *regexp.Regexp {
	return regexp.MustCompile(fmt.Sprintf("clock is (%v|%v|%v) ", off-time.Second, off, off+time.Second))
}

// An endpoint that says that its clock is far ahead gets no assertion that is dated for then, nor for an hour from now.
func TestFarClockIsNotBelieved(t *testing.T) {
	t.Parallel()
	for _, off := range []time.Duration{
		-30 * 24 * time.Hour, -7 * time.Hour, -61 * time.Minute, 61 * time.Minute,
		7 * time.Hour, 24 * time.Hour,
	} {
		t.Run(off.String(), func(t *testing.T) {
			t.Parallel()
			p := helpertest.New(t, simulator.Config{Now: func() time.Time { return time.Now().Add(off) }})
			_, err := p.Get(t.Context(), p.Load(t), helper.Options{})
			var refused *apim.Error
			if !errors.As(err, &refused) || refused.Class != fault.Refused ||
				!strings.Contains(refused.Error(), "clock is ") {
				t.Errorf("got %v", err)
			}
			if n := p.Sim.Requests(); n != 1 {
				t.Errorf("%d assertions were sent, want 1", n)
			}
		})
	}
}

func TestRetries(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name     string
		fault    string
		requests int
		ok       bool
	}{
		{"a burnt jti", "row16=1", 2, true},
		{"jti burnt twice", "row16=2", 2, false},
		{"a bad gateway", "502=2", 3, true},
		{"bad gateways", "502", 3, false},
		{"throttled", "429=1", 2, true},
		{"a reset", "reset=1", 2, true},
		{"a refusal is final", "row22", 1, false},
		{"a redirect is not followed", "redirect", 1, false},
		{"a sign-in page", "html", 1, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			f, err := simulator.ParseFault(tt.fault)
			if err != nil {
				t.Fatal(err)
			}
			p := helpertest.New(t, simulator.Config{Faults: []simulator.Fault{f}})
			_, err = p.Get(t.Context(), p.Load(t), helper.Options{})
			if (err == nil) != tt.ok || p.Sim.Requests() != tt.requests {
				t.Errorf("error %v after %d requests, want ok %v after %d", err, p.Sim.Requests(), tt.ok, tt.requests)
			}
		})
	}
}

// What one more attempt would have put right is left to the next process, and not remembered as a refusal.
func TestTheLastAttemptMeetsAWrongClock(t *testing.T) {
	t.Parallel()
	f, err := simulator.ParseFault("502=2")
	if err != nil {
		t.Fatal(err)
	}
	behind := func() time.Time { return time.Now().Add(-10 * time.Minute) }
	p := helpertest.New(t, simulator.Config{Faults: []simulator.Fault{f}, Now: behind})
	var refused *apim.Error
	_, err = p.Get(t.Context(), p.Load(t), helper.Options{})
	if !errors.As(err, &refused) || !refused.ClockWrong() || p.Sim.Requests() != 3 {
		t.Fatalf("%v after %d requests", err, p.Sim.Requests())
	}
	if _, err := p.Get(t.Context(), p.Load(t), helper.Options{}); err != nil {
		t.Errorf("the next one: %v", err)
	}
}
