package record_test

import (
	"encoding/base64"
	"errors"
	"math/big"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"cgp-cred/keystore"
	"cgp-cred/keystore/fault"
	"cgp-cred/keystore/keystoretest"
	"cgp-cred/keystore/record"
	"cgp-cred/keystore/signer"
)

// external returns a key of 4096 bits that is not in the record: with the program argv, or in an ssh-agent.
func external(t testing.TB, i int, kid string, argv ...string) *record.Key {
	t.Helper()
	public := keystoretest.Key(4096, i).PublicKey
	enc := base64.RawURLEncoding.EncodeToString
	at := &signer.ExternalKey{
		Kind: "exec", E: enc(big.NewInt(int64(public.E)).Bytes()), N: enc(public.N.Bytes()),
		Argv: argv,
	}
	if len(argv) == 0 {
		at.Kind, at.Fingerprint = "ssh-agent", signer.Fingerprint(&public)
	}
	s, err := signer.Stored{Signer: at}.Decode(signer.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return &record.Key{KID: kid, Signer: s}
}

// While a key is rotated to or from another place, both fit.
func TestKeysElsewhereFit(t *testing.T) {
	t.Parallel()
	program := []string{filepath.Join(t.TempDir(), "sign"), "--slot", "3"}
	own := keystoretest.Record()
	for name, change := range map[string]func(*record.Record){
		"agent":               func(r *record.Record) { r.Key, r.Next = external(t, 0, "a"), nil },
		"program":             func(r *record.Record) { r.Key, r.Next = external(t, 0, "a", program...), nil },
		"own key, next agent": func(r *record.Record) { r.Next = external(t, 1, own.Next.KID) },
		"agent, previous own": func(r *record.Record) { r.Key, r.Previous, r.Next = external(t, 1, "a"), r.Key, nil },
		"agent, next program": func(r *record.Record) {
			r.Key, r.Next = external(t, 0, "a"), external(t, 1, "b", program...)
		},
	} {
		r := keystoretest.Record()
		change(r)
		s := encode(t, r)
		got, err := record.Decode(s)
		if err != nil || !same(got, r) {
			t.Errorf("%s: it came back changed: %v", name, err)
		}
		t.Logf("%s: %d of %d bytes", name, len(s.Reveal()), keystore.MaxValue)
		if _, err := record.Bundle(r); fault.ClassOf(err) != fault.Usage || fault.HintOf(err, "") == "" {
			t.Errorf("%s: a bundle was made of it: %v", name, err)
		}
	}
}

func TestLaterSignersAreNewer(t *testing.T) {
	t.Parallel()
	r := keystoretest.Record()
	r.Key, r.Next = external(t, 0, "a"), external(t, 1, "b")
	good := string(encode(t, r).Reveal())
	for name, change := range map[string][2]string{
		"kind":               {`"kind":"ssh-agent"`, `"kind":"tpm"`},
		"member":             {`"kind":"ssh-agent"`, `"kind":"ssh-agent","socket":"/x"`},
		"member in capitals": {`"kind":"ssh-agent"`, `"Kind":"ssh-agent"`},
	} {
		for _, which := range []string{
			strings.Replace(good, change[0], change[1], 1),
			good[:strings.LastIndex(good, change[0])] + change[1] +
				good[strings.LastIndex(good, change[0])+len(change[0]):],
		} {
			if _, err := record.Decode(keystore.NewSecret([]byte(which))); !errors.Is(err, keystore.ErrNewer) {
				t.Errorf("%s: %v, want a newer record", name, err)
			}
		}
	}
	object := regexp.MustCompile(`"signer":\{[^}]*\}`)
	for name, text := range map[string]string{
		"no signer, no key": object.ReplaceAllString(good, `"signer":null`),
		"a text":            object.ReplaceAllString(good, `"signer":"x"`),
		"another key's":     strings.Replace(good, `"fingerprint":"SHA256:`, `"fingerprint":"SHA256:A`, 1),
	} {
		if _, err := record.Decode(keystore.NewSecret([]byte(text))); !errors.Is(err, keystore.ErrCorrupt) {
			t.Errorf("%s: %v, want a damaged record", name, err)
		}
	}
}
