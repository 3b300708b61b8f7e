package printable

import "testing"

func TestPowerShell(t *testing.T) {
	t.Parallel()
	for word, want := range map[string]string{
		`C:\Users\a\cgp-cred`: `C:\Users\a\cgp-cred`,
		`C:\a b`:              `'C:\a b'`,
		"it's":                "'it''s'",
		"$x":                  "'$x'",
		"$(calc)":             "'$(calc)'",
		"a,b":                 "'a,b'",
		"@(calc)":             "'@(calc)'",
		"a`nb":                "'a`nb'",
		"":                    "''",
		"'; calc; '":          "'''; calc; '''",
	} {
		if got := powerShell.line([]string{word}); got != want {
			t.Errorf("%s: got %s, want %s", word, got, want)
		}
	}
}
