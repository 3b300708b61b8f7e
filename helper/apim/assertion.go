package apim

import (
	"crypto"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/google/uuid"

	"cgp-cred/keystore"
	"cgp-cred/keystore/record"
)

// Lifetime is how long an assertion is valid. APIM refuses an exp in the past and one more than 310 s ahead; 150 s
// allows for a clock that is two and a half minutes wrong either way.
const Lifetime = 150 * time.Second

// Claims is what an assertion says.
type Claims struct {
	APIKey   keystore.Secret // iss and sub: the application's API key
	KID      string          // which registered public key verifies it
	Audience string          // aud: the token URL as called
	Now      time.Time       // exp is Lifetime after it
}

// Assertion returns a signed client assertion (RFC 7523 section 3), good for one attempt: APIM stores its jti before it
// checks the key and the signature, so even a refused one can't be sent again. The signature is RS512,
// RSASSA-PKCS1-v1_5 with SHA-512. It has no iat and no nbf: with a fast clock they could only cause a refusal.
func Assertion(signer crypto.MessageSigner, c Claims) (keystore.Secret, error) {
	iss := string(c.APIKey.Reveal())
	token := jwt.NewWithClaims(jwt.SigningMethodRS512, jwt.MapClaims{
		"iss": iss,
		"sub": iss,
		"aud": c.Audience, // one string: jwt.RegisteredClaims would send an array
		"jti": uuid.NewString(),
		"exp": c.Now.Add(Lifetime).Unix(),
	})
	token.Header["kid"] = c.KID
	text, err := token.SigningString()
	if err != nil {
		return keystore.Secret{}, fmt.Errorf("writing the assertion: %w", err)
	}
	signature, err := crypto.SignMessage(signer, rand.Reader, []byte(text), crypto.SHA512)
	if err != nil {
		return keystore.Secret{}, fmt.Errorf("signing the assertion: %w", err)
	}
	return keystore.NewSecret([]byte(text + "." + base64.RawURLEncoding.EncodeToString(signature))), nil
}

// Describe returns an assertion's header and claims for debugging: without the signature, and with label instead of the
// API key.
func Describe(assertion keystore.Secret, label string) string {
	header, body, ok := splitJWT(string(assertion.Reveal()))
	var claims map[string]any
	if !ok || json.Unmarshal(body, &claims) != nil {
		return "not a JWT"
	}
	if label == "" {
		label = "[redacted]"
	}
	var named struct{ KID string }
	if iss, ok := claims["iss"].(string); ok && json.Unmarshal(header, &named) == nil &&
		record.CheckKID(named.KID, keystore.NewSecret([]byte(iss))) != nil {
		header = []byte(`{"kid":"` + label + `", ...}`)
	}
	claims["iss"], claims["sub"] = label, label
	shown, err := json.Marshal(claims)
	if err != nil {
		return "not a JWT"
	}
	return string(header) + " " + string(shown)
}

// splitJWT returns the JSON of a JWT's header and claims (RFC 7515, section 3.1).
func splitJWT(jwt string) (header, claims []byte, ok bool) {
	part := strings.Split(jwt, ".")
	if len(part) != 3 {
		return nil, nil, false
	}
	header, errH := base64.RawURLEncoding.DecodeString(part[0])
	claims, errC := base64.RawURLEncoding.DecodeString(part[1])
	return header, claims, errH == nil && errC == nil
}
