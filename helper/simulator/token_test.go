package simulator_test

import (
	"regexp"
	"strconv"
	"testing"
)

func TestToken(t *testing.T) {
	t.Parallel()
	c := newClock()
	s := newSimulator(c, nil)
	got := newDraft(c.Now()).send(s)
	wantStatus(t, got, 200)
	if ct := got.header.Get("Content-Type"); ct != "application/json" {
		t.Errorf("Content-Type %q", ct)
	}
	for name, want := range map[string]string{
		"access_token": `^[A-Za-z0-9]{28}$`,
		"expires_in":   `^599$`,
		"token_type":   `^Bearer$`,
		"issued_at":    `^` + strconv.FormatInt(c.Now().UnixMilli(), 10) + `$`,
	} {
		if v := got.field(name); !regexp.MustCompile(want).MatchString(v) {
			t.Errorf("%s is %q, want a string like %s", name, v, want)
		}
	}
	if d := got.header.Get("Date"); d != "Fri, 02 Jan 2026 15:04:05 GMT" {
		t.Errorf("Date %q is not the simulator's clock", d)
	}
	if s.Minted() != 1 || s.Requests() != 1 {
		t.Errorf("minted %d of %d requests, want 1 of 1", s.Minted(), s.Requests())
	}
}
