package main

import (
	"strings"
	"testing"
	"time"

	"cgp-cred/keystore"
)

// FuzzParseDuration checks that an accepted value is within the flag's range, and has the same meaning in Go's form.
// The error for other values is printable, and names the range.
func FuzzParseDuration(f *testing.F) {
	for _, s := range []string{
		"90s", "10m", "90", "0", "-1s", "-1", "1.5h", "2147483648", "9223372036854775807ns", "\x1b[2J", " 1s",
		"2562047h", "1h0m0.000000001s",
	} {
		f.Add(s)
	}
	ranges := []keystore.DurationRange{keystore.Waiting, offsets, {Least: time.Second, Most: 24 * time.Hour}}
	unprintable := func(r rune) bool { return r < ' ' || r > '~' }
	f.Fuzz(func(t *testing.T, s string) {
		for _, within := range ranges {
			var flag, again duration
			if err := flag.in(within).Set(s); err != nil {
				text := err.Error()
				if !strings.Contains(text, within.String()) || strings.ContainsFunc(text, unprintable) {
					t.Fatalf("%q prints %q", s, text)
				}
				continue
			}
			d := flag.Duration()
			if d < within.Least || d > within.Most {
				t.Fatalf("%q is %v, which is not %s", s, d, within)
			}
			if err := again.in(within).Set(d.String()); err != nil || again.Duration() != d {
				t.Fatalf("%q is %v, and that is %v, %v", s, d, again.Duration(), err)
			}
		}
	})
}
