//go:build !linux

package notify

import "time"

// monotonic returns 0: only Linux has a service manager that asks for it.
func monotonic() time.Duration { return 0 }
