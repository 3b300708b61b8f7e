package apim

import (
	"bytes"
	"crypto"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"math/big"
)

// JWK is a public key as APIM registers it (RFC 7517 section 4; RFC 7518 section 6.3.1). It has no room for a private member.
type JWK struct {
	KeyType   string `json:"kty"`
	Modulus   string `json:"n"`
	Exponent  string `json:"e"`
	Algorithm string `json:"alg"`
	KID       string `json:"kid"`
	Use       string `json:"use"`
}

// NewJWK returns the public half of a key under its kid. Only RSA keys sign RS512.
func NewJWK(public crypto.PublicKey, kid string) (JWK, error) {
	key, ok := public.(*rsa.PublicKey)
	if !ok {
		return JWK{}, fmt.Errorf("key %q: APIM verifies RS512 signatures, which need an RSA key", kid)
	}
	b64 := base64.RawURLEncoding.EncodeToString
	return JWK{
		KeyType: "RSA", Modulus: b64(key.N.Bytes()), Exponent: b64(big.NewInt(int64(key.E)).Bytes()),
		Algorithm: "RS512", KID: kid, Use: "sig",
	}, nil
}

// Thumbprint is the key's SHA-256 thumbprint (RFC 7638 section 3): the members e, kty and n, in that order, base64url.
func (k JWK) Thumbprint() string {
	sum := sha256.Sum256([]byte(`{"e":"` + k.Exponent + `","kty":"` + k.KeyType + `","n":"` + k.Modulus + `"}`))
	return base64.RawURLEncoding.EncodeToString(sum[:])
}

// JWKS writes a key set (RFC 7517 section 5), indented, one LF at its end.
func JWKS(keys ...JWK) ([]byte, error) {
	set := struct {
		Keys []JWK `json:"keys"`
	}{Keys: append([]JWK{}, keys...)}
	return indented(set)
}

// ErrPrivateJWK is a key set that holds a private key.
var ErrPrivateJWK = errors.New("the key set holds a private key: it must not be registered, and the key must be replaced")

// MergeJWKS adds keys to the set in existing and keeps the others as they are, in order and with every member. A key of
// ours that is there already is not added twice; a kid that names another key, a private member or anything that is not
// a key set is an error.
func MergeJWKS(existing []byte, keys ...JWK) ([]byte, error) {
	var set struct {
		Keys []json.RawMessage `json:"keys"`
	}
	if err := json.Unmarshal(bytes.TrimPrefix(existing, []byte("\ufeff")), &set); err != nil {
		return nil, errors.New(`it is not a JSON key set like {"keys":[...]}`)
	}
	if set.Keys == nil {
		return nil, errors.New(`it has no "keys"`)
	}
	known := map[string]JWK{}
	for i, raw := range set.Keys {
		k, err := readJWK(raw)
		if err != nil {
			return nil, fmt.Errorf("key %d: %w", i+1, err)
		}
		known[k.KID] = k
	}
	for _, k := range keys {
		old, taken := known[k.KID]
		if taken && (old.Modulus != k.Modulus || old.Exponent != k.Exponent) {
			return nil, fmt.Errorf("kid %q already names another key", k.KID)
		}
		if taken {
			continue
		}
		raw, err := json.Marshal(k)
		if err != nil {
			return nil, fmt.Errorf("key %q: %w", k.KID, err)
		}
		set.Keys = append(set.Keys, raw)
	}
	return indented(set)
}

// readJWK reads one member of a key set and refuses private ones.
func readJWK(raw json.RawMessage) (JWK, error) {
	var k JWK
	var private struct {
		D, P, Q, DP, DQ, QI, K *json.RawMessage
	}
	if err := json.Unmarshal(raw, &k); err != nil {
		return k, errors.New("it is not a JSON Web Key")
	}
	if err := json.Unmarshal(raw, &private); err != nil {
		return k, errors.New("it is not a JSON Web Key")
	}
	if private.D != nil || private.P != nil || private.Q != nil || private.DP != nil || private.DQ != nil ||
		private.QI != nil || private.K != nil {
		return k, ErrPrivateJWK
	}
	return k, nil
}

func indented(v any) ([]byte, error) {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	if err := enc.Encode(v); err != nil {
		return nil, fmt.Errorf("writing a key set: %w", err)
	}
	return b.Bytes(), nil
}
