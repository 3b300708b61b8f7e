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
	"io"
	"math/big"
	"slices"
	"strings"
	"unicode/utf8"

	"cgp-cred/keystore/jwkint"
	"cgp-cred/keystore/signer"
	"cgp-cred/keystore/text"
)

// JWK is a public key as APIM registers it (RFC 7517 section 4; RFC 7518 section 6.3.1). It has no field for a private
// member.
type JWK struct {
	KeyType   string `json:"kty"`
	Modulus   string `json:"n"`
	Exponent  string `json:"e"`
	Algorithm string `json:"alg"`
	KID       string `json:"kid"`
	Use       string `json:"use"`

	point string // of a key that is not RSA
}

// NewJWK returns a public key as a JWK with this kid. It must be an RSA key: no other signs RS512.
func NewJWK(public crypto.PublicKey, kid string) (JWK, error) {
	key, ok := public.(*rsa.PublicKey)
	if !ok {
		return JWK{}, fmt.Errorf("key %q: APIM verifies RS512 signatures, which need an RSA key", kid)
	}
	return JWK{
		KeyType: "RSA", Modulus: jwkint.Encode(key.N), Exponent: jwkint.EncodeInt(key.E),
		Algorithm: "RS512", KID: kid, Use: "sig",
	}, nil
}

// Thumbprint returns the key's SHA-256 thumbprint (RFC 7638 section 3) in base64url: of the members e, kty and n, in
// that order.
func (k JWK) Thumbprint() string {
	sum := sha256.Sum256([]byte(`{"e":"` + k.Exponent + `","kty":"` + k.KeyType + `","n":"` + k.Modulus + `"}`))
	return base64.RawURLEncoding.EncodeToString(sum[:])
}

// JWKS returns a key set (RFC 7517 section 5), indented, with one LF at its end.
func JWKS(keys ...JWK) ([]byte, error) {
	set := struct {
		Keys []JWK `json:"keys"`
	}{Keys: append([]JWK{}, keys...)}
	return indented(set)
}

// ErrPrivateJWK says that a key set holds a private key.
var ErrPrivateJWK = errors.New(
	"the key set holds a private key: it must not be registered, and the key must be replaced",
)

// MergeJWKS adds keys to the set in existing and keeps the others as they are, in order and with every member. It does
// not add a key that the set already has. A kid that names two keys, a private member, a badly encoded number (RFC
// 7518, section 6.3.1) or anything that is not a key set is an error.
func MergeJWKS(existing []byte, keys ...JWK) ([]byte, error) {
	all, err := readSet(existing)
	if err != nil {
		return nil, err
	}
	known := map[string]JWK{}
	for i, raw := range all {
		k, err := readJWK(raw)
		if err != nil {
			return nil, fmt.Errorf("key %d: %w", i+1, err)
		}
		if other, taken := known[k.KID]; taken && !other.same(k) {
			return nil, fmt.Errorf("key %d: its kid names another key in the set too", i+1)
		}
		known[k.KID] = k
	}
	for _, k := range keys {
		old, taken := known[k.KID]
		if taken && !old.same(k) {
			return nil, errors.New("this profile's kid already names another key there")
		}
		if taken {
			continue
		}
		raw, err := json.Marshal(k)
		if err != nil {
			return nil, fmt.Errorf("writing a key: %w", err)
		}
		all = append(all, raw)
	}
	return indented(map[string][]json.RawMessage{"keys": all})
}

// same reports whether two entries are the same key.
func (k JWK) same(other JWK) bool {
	return k.KeyType == other.KeyType && k.Modulus == other.Modulus && k.Exponent == other.Exponent &&
		k.point == other.point
}

// readSet returns the entries of a key set. A single key, and a list of keys, are a set too.
func readSet(given []byte) ([]json.RawMessage, error) {
	whole, err := text.JSON("", given)
	if err != nil {
		return nil, err
	}
	var all []json.RawMessage
	if bytes.HasPrefix(whole, []byte("[")) && json.Unmarshal(whole, &all) == nil {
		return all, nil
	}
	set, err := readObject(whole)
	if err != nil {
		return nil, notSet(whole, err)
	}
	raw, ok := set["keys"]
	switch _, isKey := set["kty"]; {
	case ok && isKey:
		return nil, errors.New(`it has both "keys" and "kty", so it is neither a key set nor a key`)
	case isKey:
		return []json.RawMessage{whole}, nil
	case !ok:
		return nil, errors.New(`it has no "keys"`)
	}
	if json.Unmarshal(raw, &all) != nil || all == nil {
		return nil, errors.New(`its "keys" are not a list`)
	}
	return all, nil
}

// notSet returns the error of a text that is not a key set.
func notSet(given []byte, err error) error {
	problem := `it is not a JSON key set like {"keys":[...]}: ` + err.Error()
	switch odd := text.Odd(string(given)); {
	case odd != "":
		problem += "; " + odd
	case bytes.Contains(given, []byte("-----BEGIN ")):
		problem += "; it is PEM"
	case bytes.HasPrefix(given, []byte("<")):
		problem += "; it is a web page"
	case bytes.Contains(given, []byte("://")) && !bytes.ContainsAny(given, " \n"):
		problem += "; it is a URL"
	}
	return errors.New(problem)
}

// readObject returns a JSON object's members by their exact names. No name may be there twice. encoding/json would take
// the last of two and ignore case.
func readObject(given []byte) (map[string]json.RawMessage, error) {
	d := json.NewDecoder(bytes.NewReader(given))
	if start, err := d.Token(); err != nil || start != json.Delim('{') {
		return nil, errors.New("it is not a JSON object")
	}
	all := map[string]json.RawMessage{}
	for d.More() {
		name, err := d.Token()
		member, isName := name.(string)
		var value json.RawMessage
		if err != nil || !isName || d.Decode(&value) != nil {
			return nil, errors.New("it is not JSON")
		}
		if _, twice := all[member]; twice {
			return nil, errors.New("it has a member twice")
		}
		all[member] = value
	}
	if _, err := d.Token(); err != nil {
		return nil, errors.New("it is not JSON")
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return nil, errors.New("there is more after its end")
	}
	return all, nil
}

// privateMembers lists the names of a JWK's private numbers (RFC 7518, sections 6.2.2, 6.3.2 and 6.4).
var privateMembers = []string{"d", "p", "q", "dp", "dq", "qi", "oth", "k"}

// readJWK reads one entry of a key set: a public key with a kid.
func readJWK(raw json.RawMessage) (JWK, error) {
	members, err := readObject(raw)
	if err != nil {
		return JWK{}, errors.New("it is not a JSON Web Key: " + err.Error())
	}
	for name := range members {
		if slices.Contains(privateMembers, strings.ToLower(name)) {
			return JWK{}, ErrPrivateJWK
		}
	}
	var k JWK
	for _, m := range []struct {
		name string
		to   *string
	}{{"kty", &k.KeyType}, {"kid", &k.KID}} {
		if json.Unmarshal(members[m.name], m.to) != nil || *m.to == "" {
			return k, fmt.Errorf("its %s is missing, empty or no text", m.name)
		}
	}
	switch {
	case strings.ContainsRune(k.KID, utf8.RuneError): // half of a surrogate pair gives one too
		return k, errors.New("its kid is not UTF-8")
	case k.KeyType == "oct":
		return k, ErrPrivateJWK
	case k.KeyType != "RSA": // a public key that API Management ignores
		k.point = string(members["crv"]) + string(members["x"]) + string(members["y"])
		return k, nil
	}
	n, err := readNumber(members["n"], &k.Modulus)
	if err != nil {
		return k, fmt.Errorf("its n %w", err)
	}
	e, err := readNumber(members["e"], &k.Exponent)
	if err != nil {
		return k, fmt.Errorf("its e %w", err)
	}
	switch {
	case n.BitLen() < signer.MinBits:
		return k, fmt.Errorf("its n has %d bits, and an RSA key at least %d", n.BitLen(), signer.MinBits)
	case n.Bit(0) == 0:
		return k, errors.New("its n is even, and the product of two primes is not")
	case e.Bit(0) == 0 || e.BitLen() < 2 || e.Cmp(n) >= 0:
		return k, errors.New("its e is not the exponent of an RSA key: an odd number from 3 on")
	}
	return k, nil
}

// readNumber returns a number and stores its text.
func readNumber(raw json.RawMessage, number *string) (*big.Int, error) {
	if json.Unmarshal(raw, number) != nil {
		*number = ""
	}
	return jwkint.Decode(*number)
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
