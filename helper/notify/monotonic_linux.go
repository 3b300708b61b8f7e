package notify

import (
	"time"

	"golang.org/x/sys/unix"
)

// monotonic returns the time of the system's monotonic clock, by which systemd orders reloads.
func monotonic() time.Duration {
	var ts unix.Timespec
	if unix.ClockGettime(unix.CLOCK_MONOTONIC, &ts) != nil {
		return 0
	}
	return time.Duration(ts.Nano())
}
