package keystore

import (
	"fmt"
	"strings"
	"time"
)

// DurationRange limits a duration that a user gives.
type DurationRange struct{ Least, Most time.Duration }

// Waiting is the range of the times that a user may let cgp-cred wait.
var Waiting = DurationRange{100 * time.Millisecond, time.Hour}

// Parse reads a Go duration, such as 90s or 1m30s, or a bare number of seconds.
func (r DurationRange) Parse(s string) (time.Duration, error) {
	unit := ""
	if s != "" && strings.Trim(s, "0123456789.") == "" {
		unit = "s"
	}
	d, err := time.ParseDuration(s + unit)
	if err != nil || d < r.Least || d > r.Most { // a number too large for a time.Duration is an error too
		return 0, fmt.Errorf("%+.40q is not a duration %s, such as 90s, 10m or 90", s, r)
	}
	return d, nil
}

func (r DurationRange) String() string { return "from " + short(r.Least) + " to " + short(r.Most) }

// short formats d without zero minutes and seconds.
func short(d time.Duration) string {
	s := d.String()
	for _, zero := range []string{"0s", "0m"} {
		if rest := strings.TrimSuffix(s, zero); strings.HasSuffix(rest, "m") || strings.HasSuffix(rest, "h") {
			s = rest
		}
	}
	return s
}
