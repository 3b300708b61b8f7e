package main

import (
	"strings"
	"testing"
	"time"
)

// FuzzParseDuration: what is accepted is not negative, and means the same when it is written as Go would; what is refused
// is named in printable words.
func FuzzParseDuration(f *testing.F) {
	for _, s := range []string{"90s", "10m", "90", "0", "-1s", "-1", "1.5h", "2147483648", "9223372036854775807ns", "\x1b[2J", " 1s"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		d, err := parseDuration(s)
		if err != nil {
			if text := err.Error(); strings.ContainsFunc(text, func(r rune) bool { return r < ' ' || r > '~' }) {
				t.Fatalf("%q prints %q", s, text)
			}
			return
		}
		if again, err := parseDuration(d.String()); d < 0 || again != d || err != nil {
			t.Fatalf("%q is %v, and that is %v, %v", s, d, again, err)
		}
		var flag duration
		if err := flag.Set(s); err != nil || flag.Duration() != time.Duration(flag) || flag.Duration() != d {
			t.Fatalf("%q as a flag is %v, %v", s, flag.Duration(), err)
		}
	})
}
