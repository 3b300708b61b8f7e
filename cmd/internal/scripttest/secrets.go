package scripttest

import (
	"bytes"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/hex"
	"encoding/pem"
	"math/big"
	"net/url"
	"slices"
	"strings"
)

// Kinds of secrets that have several forms.
const (
	kindAPIKey    = "apikey"
	kindKey       = "key"
	kindToken     = "token"
	kindAssertion = "assertion"
)

// pieceSize is the length of a piece that counts as a leak. The part of an API key that is printed as a label is
// shorter.
const pieceSize = 16

// secrets are the texts that must not appear, cut into pieces, so that a part of a secret is found too. The time to
// search does not grow with their number.
type secrets struct {
	pieces map[[pieceSize]byte]string // the kind of each
}

// learn adds one secret, as it is.
func (s *secrets) learn(kind string, text []byte) {
	if s.pieces == nil {
		s.pieces = make(map[[pieceSize]byte]string)
	}
	if kind == kindAPIKey && len(text) >= pieceSize {
		for _, form := range keyForms(text) {
			s.add(kind, form)
		}
	}
	s.add(kind, text)
}

func (s *secrets) add(kind string, text []byte) {
	for i := 0; i+pieceSize <= len(text); i += pieceSize {
		s.pieces[[pieceSize]byte(text[i:])] = kind
	}
	if len(text) >= pieceSize {
		s.pieces[[pieceSize]byte(text[len(text)-pieceSize:])] = kind
	}
}

// keyForms returns an API key in hexadecimal, percent-encoded, and in base64 at each of its three offsets in a longer
// text.
func keyForms(key []byte) [][]byte {
	forms := [][]byte{[]byte(hex.EncodeToString(key)), []byte(url.QueryEscape(string(key)))}
	for i := range 3 {
		part := key[i:]
		part = part[:len(part)/3*3]
		forms = append(forms,
			[]byte(base64.StdEncoding.EncodeToString(part)), []byte(base64.URLEncoding.EncodeToString(part)))
	}
	return forms
}

// learnKey adds each number of a private key in the forms that programs write, and the lines of its PEM files.
func (s *secrets) learnKey(k *rsa.PrivateKey) {
	k.Precompute()
	numbers := []*big.Int{k.D, k.Precomputed.Dp, k.Precomputed.Dq, k.Precomputed.Qinv}
	for _, n := range append(numbers, k.Primes...) {
		raw := n.Bytes()
		s.learn(kindKey, raw)
		for _, text := range []string{
			hex.EncodeToString(raw), strings.ToUpper(hex.EncodeToString(raw)), n.String(),
			base64.RawURLEncoding.EncodeToString(raw), base64.RawStdEncoding.EncodeToString(raw),
		} {
			s.learn(kindKey, []byte(text))
		}
	}
	pkcs8, err := x509.MarshalPKCS8PrivateKey(k)
	if err != nil {
		panic(err)
	}
	for _, der := range [][]byte{x509.MarshalPKCS1PrivateKey(k), pkcs8} {
		// The bytes before the private exponent are public, and partly the same for all keys.
		const line = 48 // bytes in a line of PEM
		secret := (bytes.Index(der, k.D.Bytes()) + line - 1) / line * line
		for part := range slices.Chunk(der[secret:], line) {
			s.learn(kindKey, []byte(base64.StdEncoding.EncodeToString(part)))
		}
	}
}

// learnPEM adds a private key's file. If it can't be parsed, it adds each line.
func (s *secrets) learnPEM(text []byte) {
	if block, _ := pem.Decode(text); block != nil {
		parsed, err := x509.ParsePKCS8PrivateKey(block.Bytes)
		if err != nil {
			parsed, _ = x509.ParsePKCS1PrivateKey(block.Bytes)
		}
		if k, ok := parsed.(*rsa.PrivateKey); ok && k != nil {
			s.learnKey(k)
			return
		}
	}
	for line := range strings.Lines(string(text)) {
		if !strings.HasPrefix(line, "-") {
			s.learn(kindKey, []byte(strings.TrimSpace(line)))
		}
	}
}

var (
	someAPIKey    = Pattern(`"api_key":"([^"]+)"`)
	somePrimes    = Pattern(`"p":"([A-Za-z0-9_-]+)","q":"([A-Za-z0-9_-]+)"`)
	someToken     = Pattern(`"access_token"\s*:\s*"([^"]+)"`)
	someAssertion = Pattern(`eyJhbGciOiJSUzUxMiI[A-Za-z0-9_-]*\.[A-Za-z0-9_-]+\.([A-Za-z0-9_-]+)`)
)

// learnFrom adds the secrets in a record, in an answer of the token endpoint, or in a token request.
func (s *secrets) learnFrom(text []byte) {
	for _, m := range someAPIKey().FindAllSubmatch(text, -1) {
		s.learn(kindAPIKey, m[1])
	}
	for _, m := range somePrimes().FindAllSubmatch(text, -1) {
		p, err := base64.RawURLEncoding.DecodeString(string(m[1]))
		q, qerr := base64.RawURLEncoding.DecodeString(string(m[2]))
		k := keyOf(new(big.Int).SetBytes(p), new(big.Int).SetBytes(q))
		if err == nil && qerr == nil && k.Validate() == nil {
			s.learnKey(k)
		}
	}
	for _, m := range someToken().FindAllSubmatch(text, -1) {
		s.learn(kindToken, m[1])
	}
	for _, m := range someAssertion().FindAllSubmatch(text, -1) {
		s.learn(kindAssertion, m[1]) // the API key in its payload is known
	}
}

// keyOf returns the private key of two primes.
func keyOf(p, q *big.Int) *rsa.PrivateKey {
	one := big.NewInt(1)
	p1, q1 := new(big.Int).Sub(p, one), new(big.Int).Sub(q, one)
	lcm := new(big.Int).Div(new(big.Int).Mul(p1, q1), new(big.Int).GCD(nil, nil, p1, q1))
	return &rsa.PrivateKey{
		PublicKey: rsa.PublicKey{N: new(big.Int).Mul(p, q), E: 65537},
		D:         new(big.Int).ModInverse(big.NewInt(65537), lcm), // nil if they are not primes
		Primes:    []*big.Int{p, q},
	}
}

// find returns the kinds of the secrets in a text. An API key in an assertion counts as an assertion.
func (s *secrets) find(text []byte) []string {
	var kinds []string
	if rest := someAssertion().ReplaceAll(text, []byte(" ")); len(rest) < len(text) {
		kinds, text = append(kinds, kindAssertion), rest
	}
	for i := 0; i+pieceSize <= len(text); i++ {
		if kind := s.pieces[[pieceSize]byte(text[i:])]; kind != "" && !slices.Contains(kinds, kind) {
			kinds = append(kinds, kind)
		}
	}
	slices.Sort(kinds)
	return kinds
}
