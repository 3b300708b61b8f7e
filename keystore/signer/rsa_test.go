package signer_test

import (
	"crypto"
	"crypto/rsa"
	"crypto/sha512"
	"crypto/x509"
	"errors"
	"strings"
	"testing"

	"cgp-cred/keystore/fault"
	"cgp-cred/keystore/keystoretest"
	"cgp-cred/keystore/signer"
)

func TestSignatureVerifies(t *testing.T) {
	t.Parallel()
	priv := keystoretest.Key(2048, 0)
	k := signer.NewRSA(priv)
	digest := sha512.Sum512([]byte("message"))
	direct, err := k.Sign(nil, digest[:], crypto.SHA512)
	if err != nil {
		t.Fatal(err)
	}
	hashed, err := crypto.SignMessage(k, nil, []byte("message"), crypto.SHA512)
	if err != nil {
		t.Fatal(err)
	}
	for _, sig := range [][]byte{direct, hashed} {
		if err := rsa.VerifyPKCS1v15(k.Public().(*rsa.PublicKey), crypto.SHA512, digest[:], sig); err != nil {
			t.Error(err)
		}
	}
}

func TestRefusals(t *testing.T) {
	t.Parallel()
	k := signer.NewRSA(keystoretest.Key(2048, 0))
	digest := sha512.Sum512(nil)
	for name, opts := range map[string]crypto.SignerOpts{
		"PSS":     &rsa.PSSOptions{Hash: crypto.SHA512},
		"no hash": crypto.Hash(0), "nothing": nil,
	} {
		if _, err := k.Sign(nil, digest[:], opts); err == nil {
			t.Errorf("%s: signed", name)
		}
		if _, err := k.SignMessage(nil, nil, opts); err == nil {
			t.Errorf("%s: signed a message", name)
		}
	}
	if _, err := k.SignMessage(nil, nil, crypto.BLAKE2b_256); err == nil {
		t.Error("signed with a hash that is not linked in")
	}
}

func TestZeroValue(t *testing.T) {
	t.Parallel()
	zero := signer.NewRSA(nil)
	if !zero.IsZero() || zero.Reveal() != nil || zero.Public() != nil {
		t.Error("the zero value holds a key")
	}
	if _, err := zero.SignMessage(nil, nil, crypto.SHA512); !errors.Is(err, signer.ErrNoKey) {
		t.Errorf("%v, want no key", err)
	}
}

func TestDamagedKey(t *testing.T) {
	t.Parallel()
	for name, der := range keystoretest.Damaged() {
		if !strings.HasPrefix(name, "composite") { // x509 refuses the others
			continue
		}
		key, err := x509.ParsePKCS1PrivateKey(der)
		if err != nil {
			t.Fatal(err)
		}
		k := signer.NewRSA(key)
		if err := signer.Prove(k); !damaged(err) {
			t.Errorf("got %v", err)
		}
		if got, err := k.SignMessage(nil, nil, crypto.SHA512); !damaged(err) || got != nil {
			t.Errorf("got %d bytes, %v", len(got), err)
		}
		kept, err := signer.Encode(k)
		if err != nil {
			t.Fatal(err)
		}
		back, err := kept.Decode(signer.Options{Profile: "int"})
		if err != nil {
			t.Fatal(err)
		}
		if err := signer.Prove(back); !damaged(err) ||
			!strings.Contains(fault.HintOf(err, ""), "cgp-cred keygen int ") {
			t.Errorf("of a record: %v", err)
		}
	}
	if err := signer.Prove(signer.NewRSA(keystoretest.Key(2048, 0))); err != nil {
		t.Error(err)
	}
	if err := signer.Prove(signer.NewRSA(nil)); !errors.Is(err, signer.ErrNoKey) {
		t.Errorf("no key: %v", err)
	}
}

// damaged reports the error of a key whose numbers don't fit together, with a command in its hint.
func damaged(err error) bool {
	return err != nil && strings.Contains(err.Error(), "don't fit together") &&
		strings.Contains(fault.HintOf(err, ""), "cgp-cred store ")
}
