package helper

import "time"

// Age returns how long ago then was, a time that [time.Now] returned. It takes the larger answer of the two clocks: the
// monotonic clock stops while the machine sleeps, and the wall clock can be set back.
func Age(then time.Time) time.Duration {
	now := time.Now()
	return max(now.Sub(then), now.Round(0).Sub(then.Round(0)))
}
