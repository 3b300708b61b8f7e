package main

import (
	"crypto/rsa"
	"crypto/x509"
	"encoding/asn1"
	"encoding/base64"
	"errors"
	"math/big"
)

// record is what the keychain holds, as far as it is needed. E, P and Q are base64url of big-endian numbers.
type record struct {
	APIKey string `json:"api_key"`
	KID    string `json:"kid"`
	E      string `json:"e"`
	P      string `json:"p"`
	Q      string `json:"q"`
}

// key computes the private key from its primes in the fastest way that Go has: rsa.PrivateKey.Precompute takes longer.
func (r *record) key() (*rsa.PrivateKey, error) {
	e, errE := number(r.E)
	p, errP := number(r.P)
	q, errQ := number(r.Q)
	if err := errors.Join(errE, errP, errQ); err != nil {
		return nil, err
	}
	one := big.NewInt(1)
	p1, q1 := new(big.Int).Sub(p, one), new(big.Int).Sub(q, one)
	d := new(big.Int).ModInverse(e, new(big.Int).Mul(p1, q1))
	der, err := asn1.Marshal(struct {
		Version             int
		N, E, D, P, Q       *big.Int
		DModP1, DModQ1, Inv *big.Int
	}{
		N: new(big.Int).Mul(p, q), E: e, D: d, P: p, Q: q,
		DModP1: new(big.Int).Mod(d, p1), DModQ1: new(big.Int).Mod(d, q1), Inv: new(big.Int).ModInverse(q, p),
	})
	if err != nil {
		return nil, err
	}
	return x509.ParsePKCS1PrivateKey(der)
}

func number(text string) (*big.Int, error) {
	b, err := base64.RawURLEncoding.DecodeString(text)
	return new(big.Int).SetBytes(b), err
}
