package program_test

import (
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"cgp-cred/keystore/fault"
	"cgp-cred/keystore/program"
)

// FuzzSplit: a command that is accepted is run unchanged: an absolute path first, no word with a space in it, and
// nothing lost when it is written down and split again.
func FuzzSplit(f *testing.F) {
	for _, s := range []string{
		"/opt/hsm/sign --slot 3", "sign", "  /a\tb\n", "", "/a \u00a0b",
		"/a " + strings.Repeat("x ", 20),
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, command string) {
		argv, err := program.Split(command)
		if err != nil {
			if fault.ClassOf(err) != fault.Usage || fault.HintOf(err, "") == "" {
				t.Fatalf("%q: %v", command, err)
			}
			return
		}
		again, err := program.Split(strings.Join(argv, " "))
		if err != nil || !slices.Equal(argv, again) || !filepath.IsAbs(argv[0]) {
			t.Fatalf("%q becomes %q, and that %q, %v", command, argv, again, err)
		}
	})
}
