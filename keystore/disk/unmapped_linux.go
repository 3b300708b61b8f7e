package disk

import (
	"fmt"
	"os"
	"strings"
)

// overflow is the uid that a user namespace shows for all owners that it does not map: user_namespaces(7).
const overflow = 65534

// unmapped reports whether uid is that of all owners outside this process's user namespace. In a namespace that maps
// little more than this user (Apptainer on a cluster, bubblewrap) the host's root is one of them, and owns / and /home.
// checkFolder takes such an owner for root if only owners like it can write the folder above: never in /tmp, and never
// among cgp-cred's own folders.
func unmapped(uid uint32) bool {
	if uid != overflow {
		return false
	}
	table, err := os.ReadFile("/proc/self/uid_map")
	return err == nil && !maps(string(table), uid)
}

// maps reports whether table maps uid. Its lines have the first uid inside, the first uid outside, and a count. A line
// that it can't read maps all.
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
