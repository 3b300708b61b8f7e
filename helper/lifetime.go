package helper

import "time"

// Age returns how long ago a moment was that [time.Now] returned. Of the two clocks the one that says more is right: the
// monotonic one stops while the machine sleeps, the other can be set back.
func Age(then time.Time) time.Duration {
	now := time.Now()
	return max(now.Sub(then), now.Round(0).Sub(then.Round(0)))
}
