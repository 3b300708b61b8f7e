package simulator_test

import (
	"fmt"
	"os"
	"testing"

	"cgp-cred/helper/simulator"
)

// TestJWKSFilePipe: a shell's <(command) can be read once only, the simulator needs it again and again.
func TestJWKSFilePipe(t *testing.T) {
	t.Parallel()
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = r.Close() })
	set, err := jwks(jwk(kid, &rsaKey().PublicKey))()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.Write(set); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	c := newClock()
	s := newSimulator(c, func(cfg *simulator.Config) {
		cfg.JWKS = simulator.JWKSFile(fmt.Sprintf("/dev/fd/%d", r.Fd()))
	})
	for range 2 {
		wantStatus(t, newDraft(c.Now()).send(s), 200)
	}
}
