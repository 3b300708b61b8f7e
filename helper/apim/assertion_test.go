package apim_test

import (
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha512"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"cgp-cred/helper/apim"
	"cgp-cred/keystore"
	"cgp-cred/keystore/keystoretest"
	"cgp-cred/keystore/signer"
)

var testKey = sync.OnceValue(func() *rsa.PrivateKey {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		panic(err)
	}
	return key
})

var now = time.Unix(1_800_000_000, 0)

func claims() apim.Claims {
	return apim.Claims{
		APIKey: keystore.NewSecret([]byte("Key0123456789")), KID: "test-1 (a=b:c)",
		Audience: "https://int.api.service.nhs.uk/oauth2/token", Now: now,
	}
}

func TestAssertion(t *testing.T) {
	t.Parallel()
	key := testKey()
	got, err := apim.Assertion(signer.NewRSA(key), claims())
	if err != nil {
		t.Fatal(err)
	}
	part := strings.Split(string(got.Reveal()), ".")
	if len(part) != 3 {
		t.Fatalf("%d parts, want 3", len(part))
	}
	var header, body map[string]any
	for i, to := range []*map[string]any{&header, &body} {
		raw, err := base64.RawURLEncoding.DecodeString(part[i])
		if err != nil {
			t.Fatal(err)
		}
		if err := json.Unmarshal(raw, to); err != nil {
			t.Fatal(err)
		}
	}
	if diff := cmp.Diff(map[string]any{"alg": "RS512", "typ": "JWT", "kid": "test-1 (a=b:c)"}, header); diff != "" {
		t.Error("header:", diff)
	}
	jti, _ := body["jti"].(string)
	if !regexp.MustCompile(`^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$`).MatchString(jti) {
		t.Errorf("jti %q is not a lower-case UUIDv4", jti)
	}
	delete(body, "jti")
	want := map[string]any{
		"iss": "Key0123456789", "sub": "Key0123456789", "aud": "https://int.api.service.nhs.uk/oauth2/token",
		"exp": float64(now.Unix() + 150),
	}
	if diff := cmp.Diff(want, body); diff != "" {
		t.Error("claims:", diff)
	}
	signature, err := base64.RawURLEncoding.DecodeString(part[2])
	if err != nil {
		t.Fatal(err)
	}
	digest := sha512.Sum512([]byte(part[0] + "." + part[1]))
	if err := rsa.VerifyPKCS1v15(&key.PublicKey, crypto.SHA512, digest[:], signature); err != nil {
		t.Error("signature:", err)
	}
}

func TestAssertionsDiffer(t *testing.T) {
	t.Parallel()
	a, err := apim.Assertion(signer.NewRSA(testKey()), claims())
	if err != nil {
		t.Fatal(err)
	}
	b, err := apim.Assertion(signer.NewRSA(testKey()), claims())
	if err != nil {
		t.Fatal(err)
	}
	if string(a.Reveal()) == string(b.Reveal()) {
		t.Error("two assertions are the same: the second jti is burnt")
	}
	if text := fmt.Sprintf("%v %+v %#v %s", a, a, a, a); strings.Contains(text, string(a.Reveal())) {
		t.Error("an assertion prints itself")
	}
}

func BenchmarkAssertion(b *testing.B) {
	key := signer.NewRSA(keystoretest.Key(4096, 0))
	for b.Loop() {
		if _, err := apim.Assertion(key, claims()); err != nil {
			b.Fatal(err)
		}
	}
}
