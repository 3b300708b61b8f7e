package printable_test

import (
	"os"
	"strings"
	"testing"

	"cgp-cred/keystore/printable"
)

func TestNoFile(t *testing.T) {
	t.Parallel()
	for name, shown := range map[string]bool{
		"key.pem":                          true,
		"apikey":                           true,
		"/nowhere/key":                     true,
		"keys/private-key-of-production":   true,
		"private-key-of-production.pem":    true,
		"wN3kfTzQd8hLr2VxYbC5mJ7sPa9uEgKo": false,
		"-----BEGIN PRIVATE KEY-----":      false,
		"MIIEvgIBADANBg\nkqhkiG9w.0/BAQEF": false,
		"cgpcred1.eyJ2IjoxfQ":              false,
		strings.Repeat("a/b.", 200):        false,
	} {
		_, err := os.Open(name)
		if err == nil {
			t.Fatalf("%s is there", name)
		}
		if got := printable.NoFile(err); strings.Contains(got, name) != shown || got == "" {
			t.Errorf("%q: %s", name, got)
		}
	}
}
