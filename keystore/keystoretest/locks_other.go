//go:build !linux

package keystoretest

import "time"

func lockFolders() map[string]bool { return nil }

func sweepLocks(map[string]bool, time.Time) {}
