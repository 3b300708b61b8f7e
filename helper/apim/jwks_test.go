package apim_test

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"encoding/base64"
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
	rfcN = "0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjB" +
		"ZCiFV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8" +
		"KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_" +
		"xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw"
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
	if len(got) != 6 || got["kty"] != "RSA" || got["e"] != "AQAB" || got["alg"] != "RS512" || got["use"] != "sig" ||
		got["kid"] != `a "kid" <1>` {
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
	other, err := apim.NewJWK(&rsa.PublicKey{N: new(big.Int).Add(testKey().N, big.NewInt(2)), E: 3}, "ours")
	if err != nil {
		t.Fatal(err)
	}
	const colleague = `{"kty":"RSA","n":"` + rfcN + `","e":"AQAB","kid":"theirs","x5t":"kept"}`
	tests := []struct {
		name, existing string
		keys           int // in the result; 0: an error
	}{
		{"a colleague's key stays", `{"keys":[` + colleague + `]}`, 2},
		{"an empty set", `{"keys":[]}`, 1},
		{"with a BOM", "\ufeff" + `{"keys":[` + colleague + `]}`, 2},
		{"ours is there already", string(mustJWKS(t, ours)), 1},
		{"our kid names another key", string(mustJWKS(t, other)), 0},
		{"a key of another type", `{"keys":[{"kty":"EC","crv":"P-256","x":"AQ","y":"Ag","kid":"ec"}]}`, 2},
		{"the same key twice", `{"keys":[` + colleague + `,` + colleague + `]}`, 3},
		{
			"one key under two kids",
			`{"keys":[` + colleague + `,` + strings.Replace(colleague, "theirs", "other", 1) + `]}`, 3,
		},
		{"a bare key", colleague, 2},
		{"a list of keys", "[" + colleague + "]", 2},
		{"a bare key of a Mac", "\ufeff'" + colleague + "'\r", 2},
		{"a key with keys", strings.Replace(colleague, "{", `{"keys":[],`, 1), 0},
		{"an empty object", "{}", 0},
		{"quotes of a word processor", strings.ReplaceAll(`{"keys":[]}`, `"`, "\u201c"), 0},
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
}

// TestMergeJWKSRefuses has what is wrong with one entry of a set, and a piece of the sentence that says so.
func TestMergeJWKSRefuses(t *testing.T) {
	t.Parallel()
	ours, err := apim.NewJWK(&testKey().PublicKey, "ours")
	if err != nil {
		t.Fatal(err)
	}
	good := `"kty":"RSA","kid":"theirs","n":"` + rfcN + `","e":"AQAB"`
	rsaWith := func(n, e string) string { return `{"kty":"RSA","kid":"theirs","n":"` + n + `","e":"` + e + `"}` }
	short := base64.RawURLEncoding.EncodeToString(bytes.Repeat([]byte{0xff}, 100))
	even := base64.RawURLEncoding.EncodeToString(append(bytes.Repeat([]byte{0xff}, 255), 0xfe))
	zeros := base64.RawURLEncoding.EncodeToString(append([]byte{0}, bytes.Repeat([]byte{0xff}, 256)...))
	for name, c := range map[string]struct{ entry, says string }{
		"padding":      {rsaWith(rfcN+"==", "AQAB"), "key 2: its n is padded"},
		"padding of e": {rsaWith(rfcN, "AQ=="), "its e is padded"},
		"base64, not base64url": {
			rsaWith(strings.NewReplacer("-", "+", "_", "/").Replace(rfcN), "AQAB"),
			"not a number in base64url",
		},
		"a space":             {rsaWith(rfcN+" ", "AQAB"), "not a number in base64url"},
		"a line break":        {rsaWith(rfcN[:4]+`\n`+rfcN[4:], "AQAB"), "not a number in base64url"},
		"bits after the last": {rsaWith(rfcN, "AR"), "not a number in base64url"},
		"hexadecimal e":       {rsaWith(rfcN, "0x10001"), "its e"},
		"e is a number": {
			`{"kty":"RSA","kid":"a","n":"` + rfcN + `","e":65537}`,
			"its e is missing, empty or no text",
		},
		"e is null":             {`{"kty":"RSA","kid":"a","n":"` + rfcN + `","e":null}`, "its e is missing"},
		"no e":                  {`{"kty":"RSA","kid":"a","n":"` + rfcN + `"}`, "its e is missing"},
		"no n":                  {`{"kty":"RSA","kid":"a","e":"AQAB"}`, "its n is missing"},
		"n in another spelling": {`{"kty":"RSA","kid":"a","N":"` + rfcN + `","e":"AQAB"}`, "its n is missing"},
		"n is zero":             {rsaWith("AA", "AQAB"), "its n is zero"},
		"n with zeros before":   {rsaWith(zeros, "AQAB"), "zero byte"},
		"n is small":            {rsaWith(short, "AQAB"), "800 bits"},
		"n is even":             {rsaWith(even, "AQAB"), "even"},
		"e is one":              {rsaWith(rfcN, "AQ"), "exponent"},
		"e is even":             {rsaWith(rfcN, "AQAA"), "exponent"},
		"e is zero":             {rsaWith(rfcN, "AA"), "zero"},
		"e is n":                {rsaWith(rfcN, rfcN), "exponent"},
		"no kid":                {`{"kty":"RSA","n":"` + rfcN + `","e":"AQAB"}`, "its kid is missing"},
		"empty kid":             {`{"kty":"RSA","kid":"","n":"` + rfcN + `","e":"AQAB"}`, "its kid is missing, empty"},
		"kid is a number":       {`{"kty":"RSA","kid":7,"n":"` + rfcN + `","e":"AQAB"}`, "its kid"},
		"half a surrogate":      {`{"kty":"RSA","kid":"\ud800","n":"` + rfcN + `","e":"AQAB"}`, "its kid is not UTF-8"},
		"invalid UTF-8": {
			"{\"kty\":\"RSA\",\"kid\":\"a\xff\",\"n\":\"" + rfcN + "\",\"e\":\"AQAB\"}",
			"it is not UTF-8",
		},
		"invalid UTF-8 besides": {"{" + good + ",\"x\":\"\xc3\x28\"}", "it is not UTF-8"},
		"no kty":                {`{"kid":"a","n":"` + rfcN + `","e":"AQAB"}`, "its kty"},
		"kid twice":             {`{` + good + `,"kid":"other"}`, "a member twice"},
		"n twice":               {`{` + good + `,"n":"` + rfcN + `"}`, "a member twice"},
		"a secret without k":    {`{"kty":"oct","kid":"a"}`, "private key"},
		"the first one's kid":   {string(mustEntry(t, "first")), "its kid names another key in the set too"},
		"another type": {
			`{"kty":"EC","kid":"first","crv":"P-256","x":"AQ","y":"AQ"}`,
			"its kid names another key in the set too",
		},
		"two EC keys": {
			`{"kty":"EC","kid":"b","x":"AQ"},{"kty":"EC","kid":"b","x":"Ag"}`,
			"key 3: its kid names another key",
		},
		"a list": {`[]`, "not a JSON Web Key"},
		"null":   {`null`, "not a JSON Web Key"},
	} {
		set := `{"keys":[{"kty":"RSA","kid":"first","n":"` + rfcN + `","e":"AQAB"},` + c.entry + `]}`
		if out, err := apim.MergeJWKS([]byte(set), ours); err == nil || out != nil ||
			!strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: %v, want %q", name, err, c.says)
		}
	}
	for _, member := range []string{"d", "p", "q", "dp", "dq", "qi", "oth", "k", "D", "Oth"} {
		for _, value := range []string{`"AQ"`, `null`, `[{"r":"AQ","d":"AQ","t":"AQ"}]`} {
			set := `{"keys":[{` + good + `,"` + member + `":` + value + `}]}`
			if _, err := apim.MergeJWKS([]byte(set), ours); !errors.Is(err, apim.ErrPrivateJWK) {
				t.Errorf("%s %s: %v, want ErrPrivateJWK", member, value, err)
			}
		}
	}
	for _, set := range []string{
		`{"keys":[{` + good + `}],"keys":[]}`, `{"Keys":[]}`, `{"keys":{}}`, `{"keys":[]} {}`,
		`{"keys":[}`, `null`, ``,
	} {
		if _, err := apim.MergeJWKS([]byte(set), ours); err == nil {
			t.Errorf("%s is taken for a key set", set)
		}
	}
}

// mustEntry returns the test's key as an entry of a set.
func mustEntry(t *testing.T, kid string) []byte {
	t.Helper()
	k, err := apim.NewJWK(&testKey().PublicKey, kid)
	if err != nil {
		t.Fatal(err)
	}
	out, err := json.Marshal(k)
	if err != nil {
		t.Fatal(err)
	}
	return out
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
	f.Add([]byte(`{"keys":[{"kty":"RSA","n":"` + rfcN + `","e":"AQAB","kid":"x"}]}`))
	f.Add([]byte(`{"keys":[{"kty":"RSA","n":"` + rfcN + `","e":"AQAB","kid":"x","oth":[]}]}`))
	f.Add([]byte(`{"keys":[{"kty":"EC","x":"AQ","kid":"ours"},{"kty":"OKP","x":"AQ","kid":"ours"}]}`))
	f.Add([]byte(`{"keys":null}`))
	f.Fuzz(func(t *testing.T, existing []byte) {
		out, err := apim.MergeJWKS(existing, apim.JWK{KeyType: "RSA", Modulus: rfcN, Exponent: "AQAB", KID: "ours"})
		if err != nil {
			return
		}
		again, err := apim.MergeJWKS(out)
		if err != nil || !bytes.Equal(again, out) {
			t.Fatalf("its own output becomes %q, %v", again, err)
		}
		var before, after struct{ Keys []map[string]any }
		if err := errors.Join(json.Unmarshal(bytes.TrimPrefix(existing, []byte("\ufeff")), &before),
			json.Unmarshal(out, &after)); err != nil {
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
				if value != nil &&
					slices.Contains([]string{"d", "p", "q", "dp", "dq", "qi", "k"}, strings.ToLower(name)) {
					t.Fatalf("a private member is registered: %q", out)
				}
			}
		}
	})
}
