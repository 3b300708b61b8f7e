package mint_test

import (
	"strings"
	"testing"
	"time"

	"cgp-cred/helper"
	"cgp-cred/helper/helpertest"
	"cgp-cred/helper/simulator"
)

// The requests' deadline does not run while someone is asked to touch a key.
func TestSigningIsNotTheRequestsTime(t *testing.T) {
	t.Parallel()
	p := helpertest.New(t, simulator.Config{})
	r, err := p.Records().Load(t.Context(), p.Load(t))
	if err != nil {
		t.Fatal(err)
	}
	var first string
	r.Key, first = helpertest.SigningProgram(t)
	helpertest.Run(t, first, "sleep 4\n")
	p.Timeout = 3 * time.Second
	if _, key, err := p.Minter().Token(t.Context(), "int", r); err != nil || key != r.Key {
		t.Error(err)
	}
}

// A key that can't sign does not stop a mint with another key of the record.
func TestKeysStandInForOneThatCannotSign(t *testing.T) {
	t.Parallel()
	p := helpertest.New(t, simulator.Config{})
	key, first := helpertest.SigningProgram(t)
	helpertest.Run(t, first, "echo no card >&2; exit 1\n")
	key.KID = "k2"
	if _, err := p.Manage().Rotate(t.Context(), "int", "", key); err != nil {
		t.Fatal(err)
	}
	if _, err := p.Get(t.Context(), p.Load(t), helper.Options{}); err != nil {
		t.Fatal(err)
	}
	if len(p.Warnings) != 1 || !strings.Contains(p.Warnings[0], `the key "k2" can't sign now, so "k1" is tried: `) ||
		!strings.Contains(p.Warnings[0], "no card") {
		t.Errorf("warned %q", p.Warnings)
	}
}
