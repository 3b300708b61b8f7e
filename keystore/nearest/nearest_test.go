package nearest_test

import (
	"testing"

	"cgp-cred/keystore/nearest"
)

func TestName(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ word, want string }{
		{"intt", "int"},
		{"itn", "int"},
		{"nit", "int"},
		{" INT ", "int"},
		{"in", "int"},
		{"sanbox", "sandbox"},
		{"sandbx", "sandbox"},
		{"snadbox", "sandbox"},
		{"prdo", "prod"},
		{"internal-dve", "internal-dev"},
		{"internaldev", "internal-dev"},
		{"gateway", ""},
		{"x", ""},
		{"", ""},
		{"ab", ""},
	} {
		if got := nearest.Name(tt.word, "prod", "int", "dev", "sandbox", "internal-dev"); got != tt.want {
			t.Errorf("Name(%q) = %q, want %q", tt.word, got, tt.want)
		}
	}
}
