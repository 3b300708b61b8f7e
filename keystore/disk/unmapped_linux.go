package disk

import (
	"fmt"
	"os"
	"strings"
)

// overflow is the uid that a user namespace shows for all owners whom it does not map: user_namespaces(7).
const overflow = 65534

// unmapped reports whether uid stands for owners outside our user namespace. In one that maps little more than
// ourselves (Apptainer on a cluster, bubblewrap) the host's root is among them, and owns / and /home. Such a folder
// is taken for root's where it lies in a folder that only its like can write: never in /tmp, never among our own.
func unmapped(uid uint32) bool {
	if uid != overflow {
		return false
	}
	table, err := os.ReadFile("/proc/self/uid_map")
	return err == nil && !maps(string(table), uid)
}

// maps reads lines of first uid inside, first uid outside, and how many; a line that it can't read maps all.
func maps(table string, uid uint32) bool {
	for line := range strings.Lines(table) {
		var inside, outside, count uint64
		if _, err := fmt.Sscan(line, &inside, &outside, &count); err != nil {
			return true
		}
		if u := uint64(uid); u >= inside && u-inside < count {
			return true
		}
	}
	return table == ""
}
