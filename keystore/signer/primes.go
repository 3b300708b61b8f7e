package signer

import (
	"crypto/x509"
	"encoding/asn1"
	"errors"
	"math/big"

	"cgp-cred/keystore/jwkint"
)

// encodeRSA returns the stored form of a private key: the JWK members of RFC 7518, section 6.3, that the others follow
// from.
func encodeRSA(k RSA) (Stored, error) {
	priv := k.Reveal()
	if priv == nil {
		return Stored{}, errors.New("a key id without a private key")
	}
	if len(priv.Primes) != 2 {
		return Stored{}, errors.New("a multi-prime key can't be kept")
	}
	if bits := priv.N.BitLen(); bits < MinBits || bits > MaxBits {
		return Stored{}, errors.New("the key's size is not 1024 to 8192 bits")
	}
	return Stored{
		E: jwkint.EncodeInt(priv.E), P: jwkint.Encode(priv.Primes[0]), Q: jwkint.Encode(priv.Primes[1]),
	}, nil
}

// pkcs1 is the RSAPrivateKey of RFC 8017, appendix A.1.2.
type pkcs1 struct {
	Version          int
	N                *big.Int
	E                int
	D, P, Q          *big.Int
	Dp, Dq, Qinv     *big.Int
	AdditionalPrimes []asn1.RawValue `asn1:"optional,omitempty"`
}

var one = big.NewInt(1)

// decodeRSA computes the private key from its primes: d = e^-1 mod lcm(p-1, q-1), as OpenSSL does, so that the key is
// equal to the imported one. It uses x509, which takes the CRT values and checks each of them. That is far faster than
// computing them in constant time.
func decodeRSA(in Stored, o Options) (RSA, error) {
	e, errE := jwkint.Decode(in.E)
	p, errP := jwkint.Decode(in.P)
	q, errQ := jwkint.Decode(in.Q)
	if err := errors.Join(errE, errP, errQ); err != nil {
		return RSA{}, errors.New("e, p or q is not a base64url number")
	}
	n := new(big.Int).Mul(p, q)
	if bits := n.BitLen(); bits < MinBits || bits > MaxBits || p.Bit(0) == 0 || q.Bit(0) == 0 || p.BitLen() < 2 ||
		q.BitLen() < 2 {
		return RSA{}, errors.New("p and q are not the primes of an RSA key of 1024 to 8192 bits")
	}
	if e.BitLen() > 31 || e.Bit(0) == 0 {
		return RSA{}, errors.New("e is not an RSA exponent")
	}
	p1, q1 := new(big.Int).Sub(p, one), new(big.Int).Sub(q, one)
	gcd := new(big.Int).GCD(nil, nil, p1, q1)
	lcm := new(big.Int).Mul(new(big.Int).Quo(p1, gcd), q1)
	d := new(big.Int).ModInverse(e, lcm)
	qinv := new(big.Int).ModInverse(q, p)
	if d == nil || qinv == nil {
		return RSA{}, errors.New("e, p and q don't make an RSA key")
	}
	der, err := asn1.Marshal(pkcs1{
		N: n, E: int(e.Int64()), D: d, P: p, Q: q,
		Dp: new(big.Int).Mod(d, p1), Dq: new(big.Int).Mod(d, q1), Qinv: qinv,
	})
	if err != nil {
		return RSA{}, errors.New("e, p and q don't make an RSA key")
	}
	priv, err := x509.ParsePKCS1PrivateKey(der)
	clear(der)
	if err != nil {
		return RSA{}, errors.New("e, p and q don't make an RSA key")
	}
	made := NewRSA(priv)
	made.profile = o.Profile
	return made, nil
}
