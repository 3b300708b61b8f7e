package agefile_test

import (
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"cgp-cred/keystore"
	"cgp-cred/keystore/agefile"
	"cgp-cred/keystore/disk"
	"cgp-cred/keystore/exec"
	"cgp-cred/keystore/keychain"
)

// Every keystore that waits for a person says for how long, so that other processes can wait for it.
func TestLimits(t *testing.T) {
	for _, tt := range []struct {
		variable                   string
		keychain, program, agefile time.Duration
	}{
		{"", 0, 30 * time.Second, 90 * time.Second}, // the keychain's depends on the desktop
		{"7", 7 * time.Second, 7 * time.Second, 21 * time.Second},
		{"2m", 2 * time.Minute, 2 * time.Minute, 6 * time.Minute},
		{"soon", -1, -1, -1},
	} {
		t.Setenv("CGP_CRED_KEYCHAIN_TIMEOUT", tt.variable)
		for what, k := range map[string]struct {
			keystore.Keystore

			want time.Duration
		}{
			"keychain": {keychain.New(keychain.Options{}), tt.keychain},
			"program":  {exec.New([]string{"/nowhere"}), tt.program},
			"agefile":  {agefile.New(agefile.Options{Unlocker: &agefile.Unlocker{}}), tt.agefile},
		} {
			limited, ok := k.Keystore.(keystore.Limited)
			if !ok {
				t.Fatalf("%s says nothing", what)
			}
			got, err := limited.Limit()
			if (err != nil) != (k.want < 0) || (k.want > 0 && got != k.want) || (k.want == 0 && got <= 0) {
				t.Errorf("%s with %q: %v, %v; want %v", what, tt.variable, got, err, k.want)
			}
		}
	}
}

// A process that waits for the files waits longer than a person who needs all the time and all the tries for the
// passphrase.
func TestWaitForTheFiles(t *testing.T) {
	for variable, want := range map[string]time.Duration{"": 2 * time.Minute, "60s": 210 * time.Second} {
		t.Setenv("CGP_CRED_KEYCHAIN_TIMEOUT", variable)
		f := newFiles(t)
		release, state, err := disk.TryLock(f.file("lock"))
		if state != disk.Acquired {
			t.Fatal(state, err)
		}
		ks := f.open(phrase)
		synctest.Test(t, func(t *testing.T) {
			start := time.Now()
			err := ks.Set(t.Context(), "int", keystore.NewSecret([]byte(value)))
			if waited := time.Since(start); waited != want || !errors.Is(err, keystore.ErrTimeout) {
				t.Errorf("%v after %v, want %v", err, waited, want)
			}
		})
		release()
	}
}
