package keystore_test

import (
	"strings"
	"testing"
	"time"

	"cgp-cred/keystore"
)

func TestDurationRange(t *testing.T) {
	t.Parallel()
	for s, want := range map[string]time.Duration{
		"100ms": 100 * time.Millisecond, "0.1": 100 * time.Millisecond, "1h": time.Hour, "3600": time.Hour,
		"60m0s": time.Hour,
		"90":    90 * time.Second, "1m30s": 90 * time.Second, "1.5m": 90 * time.Second, "+2s": 2 * time.Second,
	} {
		if d, err := keystore.Waiting.Parse(s); err != nil || d != want {
			t.Errorf("%s: %v, %v", s, d, err)
		}
	}
	for _, s := range []string{
		"", "0", "0s", "-1", "-1s", "99ms", "0.09", "1ns", "3601", "1h1ns", "2562047h", "2562048h",
		"9223372036854775807ns", "99999999999999999999",
		"1e3", "1 2", " 1s", "5h3", "1d", "NaN", "inf", "soon", ".", "1.2.3", "\x1b[2J", strings.Repeat("9", 1000),
	} {
		d, err := keystore.Waiting.Parse(s)
		if err == nil || d != 0 || !strings.Contains(err.Error(), "from 100ms to 1h, such as") ||
			len(err.Error()) > 150 {
			t.Errorf("%q: %v, %v", s, d, err)
		}
	}
	for text, r := range map[string]keystore.DurationRange{
		"from 0s to 24h": {0, 24 * time.Hour}, "from 1s to 10m": {time.Second, 10 * time.Minute},
		"from 1m30s to 1h10m": {90 * time.Second, 70 * time.Minute},
		"from 10ms to 20s":    {10 * time.Millisecond, 20 * time.Second},
		"from 1h0m1s to 100h": {time.Hour + time.Second, 100 * time.Hour},
	} {
		if r.String() != text {
			t.Errorf("%s, want %s", r, text)
		}
	}
}
