package mint_test

import (
	"crypto/rand"
	"crypto/rsa"
	"errors"
	"strings"
	"testing"

	"cgp-cred/helper"
	"cgp-cred/helper/apim"
	"cgp-cred/helper/helpertest"
	"cgp-cred/helper/simulator"
	"cgp-cred/keystore/record"
	"cgp-cred/keystore/signer"
)

// All keys of a profile share what may be tried again; each is tried once.
func TestKeysShareTheTries(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name     string
		faults   string
		requests int
		says     string // empty: a token
	}{
		{"a next key that APIM does not know yet", "row22=1", 2, ""},
		{"after two failures", "502=2 row22=1", 4, ""},
		{"and then another", "502=2 row22=1 502=1", 4, "502"},
		{"one failure each", "502=1 row22=1 502=1", 3, "502"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			var config simulator.Config
			for text := range strings.FieldsSeq(c.faults) {
				f, err := simulator.ParseFault(text)
				if err != nil {
					t.Fatal(err)
				}
				config.Faults = append(config.Faults, f)
			}
			p := helpertest.New(t, config)
			next, err := rsa.GenerateKey(rand.Reader, 2048)
			if err != nil {
				t.Fatal(err)
			}
			r, err := record.Load(t.Context(), p.Keys, "int")
			if err != nil {
				t.Fatal(err)
			}
			r.Next = &record.Key{KID: "k2", Signer: signer.NewRSA(next)}
			if err := record.Save(t.Context(), p.Keys, "int", r.Rev, r); err != nil {
				t.Fatal(err)
			}
			_, err = p.Get(t.Context(), p.Load(t), helper.Options{})
			var e *apim.Error
			if (err == nil) != (c.says == "") ||
				err != nil && (!errors.As(err, &e) || !strings.Contains(e.Error(), c.says)) {
				t.Errorf("error %v, want %q", err, c.says)
			}
			if n := p.Sim.Requests(); n != c.requests {
				t.Errorf("%d requests, want %d", n, c.requests)
			}
		})
	}
}
