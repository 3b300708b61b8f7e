package disk

import (
	"fmt"
	"testing"
)

// FuzzMaps: a line that maps a uid is never overlooked, whatever else is in the table: an owner that counts as unmapped
// is trusted as root is.
func FuzzMaps(f *testing.F) {
	f.Add("         0          0 4294967295\n", "", uint32(65534))
	f.Add("0 1000 1\n", "1 100000 65536\n", uint32(65534))
	f.Add("x", "-1 2\n", uint32(0))
	f.Fuzz(func(t *testing.T, before, after string, uid uint32) {
		line := fmt.Sprintf("%d 0 1\n", uid)
		if !maps(before+"\n"+line+after, uid) {
			t.Fatalf("%q hides %q", before, line)
		}
	})
}
