// Package privatekey reads an RSA private key from the texts in which people have one.
package privatekey

import (
	"bytes"
	"crypto/rsa"
	"crypto/x509"
	"errors"
	"strings"

	"cgp-cred/keystore/signer"
	"cgp-cred/keystore/text"
)

// maxPEM is the most bytes of a key file: a key of 8192 bits with a long certificate chain has 20,000.
const maxPEM = 64 << 10

// Parse reads the one RSA private key in a PEM text: PKCS #1 or PKCS #8, after all that [text.PEM] undoes, all on one
// line, in base64 as a whole (CI secrets), and with text, certificates or parameters around it. Its error says what the
// text is, and never quotes it.
func Parse(pem []byte) (signer.RSA, error) {
	if len(pem) > maxPEM {
		return signer.RSA{}, keyTooLong
	}
	if looksLikeDER(pem) {
		return signer.RSA{}, binaryKey(pem)
	}
	plain, err := text.PEM(input, pem)
	if err == nil && !strings.Contains(plain, beginLine) {
		plain, err = unwrap(plain)
	}
	if err != nil {
		return signer.RSA{}, err
	}
	block, err := privateBlock(plain)
	if err != nil {
		return signer.RSA{}, err
	}
	defer clear(block.der)
	key, err := parseDER(block)
	if err != nil {
		return signer.RSA{}, err
	}
	made := signer.NewRSA(key)
	if err := signer.Prove(made); err != nil { // x509 accepts a number that is not a prime
		return signer.RSA{}, err
	}
	return made, nil
}

// parseDER reads the key itself. Tools put both encodings under both labels, so both are tried.
func parseDER(b block) (*rsa.PrivateKey, error) {
	key, err := parseStrict(b)
	if errors.Is(err, errNotRSA) {
		return nil, keyNotRSA
	}
	if der, relaxed := strict(b.der); err != nil && relaxed {
		defer clear(der)
		key, err = x509.ParsePKCS1PrivateKey(der)
	}
	if forbidden := signer.ForbiddenKey(err); forbidden != nil {
		return nil, forbidden
	}
	switch {
	case err != nil && strings.Contains(err.Error(), "unknown algorithm"):
		return nil, keyNotRSA
	case err != nil && bytes.Contains(b.der, oidEncrypted):
		return nil, keyEncrypted
	case err != nil && largeExponent(b.der):
		return nil, keyExponent
	case err != nil:
		return nil, keyDamaged
	case len(key.Primes) != 2:
		return nil, keyMultiPrime
	case key.N.BitLen() < signer.MinBits:
		return nil, keyTooSmall
	case key.N.BitLen() > signer.MaxBits:
		return nil, keyTooLarge
	}
	return key, nil
}

var errNotRSA = errors.New("it is a key of another kind")

// parseStrict reads a key that is encoded as the standards say (PKCS #1 and PKCS #8 in DER).
func parseStrict(b block) (*rsa.PrivateKey, error) {
	key, err := x509.ParsePKCS1PrivateKey(b.der)
	if err == nil {
		return key, nil
	}
	other, err8 := x509.ParsePKCS8PrivateKey(b.der)
	switch k := other.(type) {
	case *rsa.PrivateKey:
		return k, nil
	case nil:
		if b.label == "PRIVATE KEY" {
			err = err8
		}
		return nil, err
	}
	return nil, errNotRSA
}

// oidEncrypted is PBES2 of PKCS #5, 1.2.840.113549.1.5.13, in DER.
var oidEncrypted = []byte("\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x05\x0d")

// KeyWarning returns a warning about an RSA key of this many bits, or "". NHS England's guide asks for 4096 bits; the
// token endpoint accepts shorter keys.
func KeyWarning(bits int) string {
	switch {
	case bits < 2048:
		return "an RSA key of fewer than 2048 bits can be broken: replace it with `cgp-cred rotate`"
	case bits < 4096:
		return "NHS England asks for RSA keys of 4096 bits; this one is shorter but works"
	}
	return ""
}
