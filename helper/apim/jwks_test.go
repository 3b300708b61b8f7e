package apim_test

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"encoding/json"
	"errors"
	"math/big"
	"reflect"
	"slices"
	"strings"
	"testing"

	"cgp-cred/helper/apim"
)

// The key and thumbprint of RFC 7638 section 3.1.
const (
	rfcN = "0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCiFV4n3oknjhMstn6" +
		"4tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91" +
		"CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw"
	rfcThumbprint = "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs"
)

func TestThumbprint(t *testing.T) {
	t.Parallel()
	k := apim.JWK{KeyType: "RSA", Modulus: rfcN, Exponent: "AQAB", KID: "2011-04-29", Algorithm: "RS256"}
	if got := k.Thumbprint(); got != rfcThumbprint {
		t.Errorf("thumbprint %s, want %s", got, rfcThumbprint)
	}
}

func TestJWKSHasPublicMembersAlone(t *testing.T) {
	t.Parallel()
	k, err := apim.NewJWK(&testKey().PublicKey, `a "kid" <1>`)
	if err != nil {
		t.Fatal(err)
	}
	out, err := apim.JWKS(k)
	if err != nil {
		t.Fatal(err)
	}
	var set struct{ Keys []map[string]string }
	if err := json.Unmarshal(out, &set); err != nil {
		t.Fatal(err)
	}
	got := set.Keys[0]
	if len(got) != 6 || got["kty"] != "RSA" || got["e"] != "AQAB" || got["alg"] != "RS512" || got["use"] != "sig" || got["kid"] != `a "kid" <1>` {
		t.Errorf("members %v", got)
	}
	if !strings.HasSuffix(string(out), "}\n") || strings.Contains(string(out), `\u003c`) {
		t.Errorf("not as a person would write it: %s", out)
	}
}

func TestNewJWKWantsRSA(t *testing.T) {
	t.Parallel()
	ec, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := apim.NewJWK(&ec.PublicKey, "x"); err == nil {
		t.Error("an EC key became a JWK")
	}
}

func TestMergeJWKS(t *testing.T) {
	t.Parallel()
	ours, err := apim.NewJWK(&testKey().PublicKey, "ours")
	if err != nil {
		t.Fatal(err)
	}
	other, err := apim.NewJWK(&rsa.PublicKey{N: big.NewInt(1 << 40), E: 3}, "ours")
	if err != nil {
		t.Fatal(err)
	}
	const colleague = `{"kty":"RSA","n":"AQ","e":"AQAB","kid":"theirs","x5t":"kept"}`
	tests := []struct {
		name, existing string
		keys           int // in the result; 0: an error
	}{
		{"a colleague's key stays", `{"keys":[` + colleague + `]}`, 2},
		{"an empty set", `{"keys":[]}`, 1},
		{"with a BOM", "\ufeff" + `{"keys":[` + colleague + `]}`, 2},
		{"ours is there already", string(mustJWKS(t, ours)), 1},
		{"our kid names another key", string(mustJWKS(t, other)), 0},
		{"a private key", `{"keys":[{"kty":"RSA","n":"AQ","e":"AQAB","kid":"theirs","d":"AQ"}]}`, 0},
		{"a symmetric key", `{"keys":[{"kty":"oct","k":"AQ"}]}`, 0},
		{"a bare key", colleague, 0},
		{"not JSON", `-----BEGIN`, 0},
		{"keys that are no objects", `{"keys":["x"]}`, 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			out, err := apim.MergeJWKS([]byte(tt.existing), ours)
			if (err == nil) != (tt.keys > 0) {
				t.Fatalf("error %v, want %d keys", err, tt.keys)
			}
			if err != nil {
				return
			}
			var set struct{ Keys []map[string]string }
			if err := json.Unmarshal(out, &set); err != nil {
				t.Fatal(err)
			}
			if len(set.Keys) != tt.keys {
				t.Errorf("%d keys, want %d", len(set.Keys), tt.keys)
			}
			if strings.Contains(tt.existing, "x5t") && set.Keys[0]["x5t"] != "kept" {
				t.Error("a member of the colleague's key is gone")
			}
		})
	}
	if _, err := apim.MergeJWKS([]byte(`{"keys":[{"kty":"RSA","p":"AQ"}]}`), ours); !errors.Is(err, apim.ErrPrivateJWK) {
		t.Errorf("error %v, want ErrPrivateJWK", err)
	}
}

func mustJWKS(t *testing.T, keys ...apim.JWK) []byte {
	t.Helper()
	out, err := apim.JWKS(keys...)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func FuzzMergeJWKS(f *testing.F) {
	f.Add([]byte(`{"keys":[{"kty":"RSA","n":"AQ","e":"AQAB","kid":"x"}]}`))
	f.Add([]byte(`{"keys":null}`))
	f.Fuzz(func(t *testing.T, existing []byte) {
		out, err := apim.MergeJWKS(existing, apim.JWK{KeyType: "RSA", Modulus: "Aw", Exponent: "AQAB", KID: "ours"})
		if err != nil {
			return
		}
		again, err := apim.MergeJWKS(out)
		if err != nil || !bytes.Equal(again, out) {
			t.Fatalf("its own output becomes %q, %v", again, err)
		}
		var before, after struct{ Keys []map[string]any }
		if err := errors.Join(json.Unmarshal(bytes.TrimPrefix(existing, []byte("\ufeff")), &before), json.Unmarshal(out, &after)); err != nil {
			t.Fatal(err)
		}
		if len(after.Keys) < len(before.Keys) || len(after.Keys) > len(before.Keys)+1 {
			t.Fatalf("%d keys become %d", len(before.Keys), len(after.Keys))
		}
		for i, k := range after.Keys {
			if i < len(before.Keys) && !reflect.DeepEqual(k, before.Keys[i]) {
				t.Fatalf("key %d becomes %v", i, k)
			}
			for name, value := range k {
				if value != nil && slices.Contains([]string{"d", "p", "q", "dp", "dq", "qi", "k"}, strings.ToLower(name)) {
					t.Fatalf("a private member is registered: %q", out)
				}
			}
		}
	})
}
