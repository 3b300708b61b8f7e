package simulator

import (
	"strconv"
	"testing"
	"time"
)

// TestForgets: a simulator that runs for months keeps what counts and no more.
func TestForgets(t *testing.T) {
	t.Parallel()
	start := time.Date(2026, 1, 2, 15, 4, 5, 0, time.UTC)
	var seen replays
	var issued tokens
	const days, perDay = 100, 200
	for i := range days * perDay {
		now := start.Add(time.Duration(i) * 24 * time.Hour / perDay)
		a := &assertion{claims: fields{"sub": "a", "jti": strconv.Itoa(i)}}
		if n := seen.burn(a, now); n != admitted {
			t.Fatalf("jti %d: row %d", i, n)
		}
		if n := seen.burn(a, now.Add(jtiLife-1)); n != replayedJTI {
			t.Fatalf("jti %d again: row %d", i, n)
		}
		issued.add(now, time.Minute)
	}
	if n := len(seen.used); n < 30*perDay || n > 31*perDay+1024 {
		t.Errorf("%d jtis kept", n)
	}
	if n := len(issued.all); n > perDay+1024 {
		t.Errorf("%d tokens kept", n)
	}
}
