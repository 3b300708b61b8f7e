package jwkint_test

import (
	"math/big"
	"strings"
	"testing"

	"cgp-cred/keystore/jwkint"
)

func TestDecode(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"AQAB":     "65537",
		"Aw":       "3",
		"":         "missing",
		"AQAB=":    "padded",
		"AQ\nAB":   "not a number",
		"AQ+/":     "not a number",
		"AR":       "not a number", // bits that say nothing are not zero
		"AA":       "zero",
		"AAEAAQ":   "zero byte",
		"A":        "not a number",
		"AQAB AQ":  "not a number",
		"\u00e9AQ": "not a number",
	} {
		n, err := jwkint.Decode(text)
		switch {
		case err != nil && !strings.Contains(err.Error(), want):
			t.Errorf("%q: %v, want %s", text, err, want)
		case err == nil && n.String() != want:
			t.Errorf("%q: %v, want %s", text, n, want)
		}
	}
}

// Whatever is read is written as it was.
func FuzzDecode(f *testing.F) {
	f.Add("AQAB")
	f.Add("AAEAAQ")
	f.Add("AQ\n")
	f.Fuzz(func(t *testing.T, text string) {
		n, err := jwkint.Decode(text)
		if err == nil && (jwkint.Encode(n) != text || n.Cmp(big.NewInt(0)) <= 0) {
			t.Fatalf("%q is read as %v, written %q", text, n, jwkint.Encode(n))
		}
	})
}
