package helper_test

import (
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"cgp-cred/helper"
	"cgp-cred/helper/simulator"
	"cgp-cred/keystore"
	"cgp-cred/keystore/keystoretest"
	"cgp-cred/keystore/signer"
)

// signing is the test key behind a program, which first runs the shell commands in the file that is returned.
func signing(t *testing.T) (k *keystore.Key, first string) {
	t.Helper()
	keystoretest.Need(t, "/bin/sh", "dash")
	keystoretest.Need(t, "openssl", "openssl")
	folder := t.TempDir()
	first = filepath.Join(folder, "first")
	script := filepath.Join(folder, "sign")
	for file, text := range map[string]string{
		filepath.Join(folder, "key.pem"): string(keystoretest.PEM(testKey())),
		first:                            "",
		script: `cd "${0%/*}" && . ./first
case $1 in
public) openssl pkey -in key.pem -pubout ;;
sign) openssl base64 -d -A >digest && openssl pkeyutl -sign -inkey key.pem -in digest -pkeyopt digest:sha512 | openssl base64 -A ;;
esac`,
	} {
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	s, err := signer.NewExec(t.Context(), []string{"/bin/sh", script}, signer.Options{Profile: "int"})
	if err != nil {
		t.Fatal(err)
	}
	return &keystore.Key{KID: "k1", Signer: s}, first
}

func run(t *testing.T, file, commands string) {
	t.Helper()
	if err := os.WriteFile(file, []byte(commands), 0o600); err != nil {
		t.Fatal(err)
	}
}

// The requests' deadline does not run while someone is asked to touch a key.
func TestSigningIsNotTheRequestsTime(t *testing.T) {
	t.Parallel()
	p := newPlace(t, simulator.Config{})
	r, err := p.Record(t.Context(), p.load(t))
	if err != nil {
		t.Fatal(err)
	}
	var first string
	r.Key, first = signing(t)
	run(t, first, "sleep 4\n")
	p.Timeout = 3 * time.Second
	if _, key, err := p.MintWith(t.Context(), "int", r); err != nil || key != r.Key {
		t.Error(err)
	}
}

// An early renewal does not wait for a signer as a get without a token would: the last token is good.
func TestEarlyRenewalDoesNotAwaitATouch(t *testing.T) {
	t.Setenv("CGP_CRED_KEYCHAIN_TIMEOUT", "60s")
	var ahead atomic.Int64
	clock := func() time.Time { return time.Now().Add(time.Duration(ahead.Load())) }
	p := newPlace(t, simulator.Config{TokenLife: 600 * time.Second, Now: clock})
	p.Now = clock
	key, first := signing(t)
	if _, err := p.Store(t.Context(), "int", helper.Change{Key: key}); err != nil {
		t.Fatal(err)
	}
	if _, err := p.Get(t.Context(), p.load(t), helper.Options{}); err != nil {
		t.Fatal(err)
	}
	ahead.Store(int64(500 * time.Second))
	run(t, first, "echo >asked; exec sleep 40\n")
	start := time.Now()
	c, err := p.Get(t.Context(), p.load(t), helper.Options{})
	if err != nil || !c.Cached {
		t.Errorf("cached %v, %v", c.Cached, err)
	}
	if took := time.Since(start); took > 30*time.Second {
		t.Errorf("it waited %v", took)
	}
	if _, err := os.Stat(filepath.Join(filepath.Dir(first), "asked")); err != nil {
		t.Error("no early renewal was tried")
	}
}

// A key that can't sign does not stop one that is still kept beside it.
func TestKeysStandInForOneThatCannotSign(t *testing.T) {
	t.Parallel()
	p := newPlace(t, simulator.Config{})
	key, first := signing(t)
	run(t, first, "echo no card >&2; exit 1\n")
	key.KID = "k2"
	if _, err := p.Rotate(t.Context(), "int", "", key); err != nil {
		t.Fatal(err)
	}
	if _, err := p.Get(t.Context(), p.load(t), helper.Options{}); err != nil {
		t.Fatal(err)
	}
	if len(p.warnings) != 1 || !strings.Contains(p.warnings[0], `the key "k2" can't sign now, and "k1" is tried: `) || !strings.Contains(p.warnings[0], "no card") {
		t.Errorf("warned %q", p.warnings)
	}
}
