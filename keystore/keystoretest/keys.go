// Package keystoretest has what tests of this and other packages need of keystores: RSA keys at no cost, keystores with
// each system's limits, and a real keyring on a separate bus. It is only for tests.
package keystoretest

import (
	"crypto/rsa"
	"crypto/x509"
	_ "embed" // primes.txt
	"encoding/asn1"
	"encoding/pem"
	"fmt"
	"math/big"
	"strings"
)

// primesText has eight primes of each size, one a line, made by crypto/rand.Prime. They are published, so they protect
// nothing.
//
//go:embed primes.txt
var primesText string

const primesOfSize = 8

// Keys is the number of different keys that [Key] has for each size.
const Keys = primesOfSize * (primesOfSize - 1) / 2

// Key returns key number i (0 to [Keys]-1) of 1024, 2048, 3072 or 4096 bits, always the same, in a few milliseconds:
// generating one of 4096 bits takes seconds. It panics for another size or number.
func Key(bits, i int) *rsa.PrivateKey {
	for a := range primesOfSize {
		for b := range a {
			if i == 0 {
				return assemble(prime(bits/2, a), prime(bits/2, b))
			}
			i--
		}
	}
	panic("keystoretest: no key with that number")
}

// MultiPrimeKey returns a key of 3072 bits with three primes, which OpenSSL and Go read but records don't keep.
func MultiPrimeKey() *rsa.PrivateKey { return assemble(prime(1024, 0), prime(1024, 1), prime(1024, 2)) }

// PEM returns k in PKCS #8, as OpenSSL 3 writes it.
func PEM(k *rsa.PrivateKey) []byte {
	der, err := x509.MarshalPKCS8PrivateKey(k)
	if err != nil {
		panic(err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})
}

func prime(bits, i int) *big.Int {
	first := map[int]int{512: 0, 1024: 1, 1536: 2, 2048: 3}
	size, ok := first[bits]
	if !ok || i < 0 || i >= primesOfSize {
		panic(fmt.Sprintf("keystoretest: no key of %d bits with number %d", 2*bits, i))
	}
	p, ok := new(big.Int).SetString(strings.Fields(primesText)[size*primesOfSize+i], 16)
	if !ok {
		panic("keystoretest: primes.txt is damaged")
	}
	return p
}

// Damaged returns keys of about 2048 bits whose numbers don't fit together, by what is wrong with each. They are PKCS
// #1 in DER. crypto/x509 accepts those whose name begins with "composite".
func Damaged() map[string][]byte {
	p, q, other := prime(1024, 0), prime(1024, 1), prime(1024, 2)
	twoA := new(big.Int).Mul(prime(512, 0), prime(512, 1))
	twoB := new(big.Int).Mul(prime(512, 2), prime(512, 3))
	three := big.NewInt(3)
	threes := new(big.Int).Mul(three, prime(1024, 3))
	all := map[string][]byte{
		"composite p":       pkcs1(p1(twoA, q)),
		"composite q":       pkcs1(p1(p, twoB)),
		"composite p and q": pkcs1(p1(twoA, twoB)),
		"composite p of 3":  pkcs1(p1(threes, q)),
	}
	for name, spoil := range map[string]func(k *keyParts){
		"n is not p times q": func(k *keyParts) { k.N = new(big.Int).Mul(p, other) },
		"n is even":          func(k *keyParts) { k.N = new(big.Int).Add(k.N, one) },
		"n is negative":      func(k *keyParts) { k.N = new(big.Int).Neg(k.N) },
		"n is zero":          func(k *keyParts) { k.N = new(big.Int) },
		"p is even":          func(k *keyParts) { k.P = new(big.Int).Add(k.P, one) },
		"p is one":           func(k *keyParts) { k.P, k.Q = one, k.N },
		"p is q":             func(k *keyParts) { k.P, k.N = k.Q, new(big.Int).Mul(k.Q, k.Q) },
		"d of another key":   func(k *keyParts) { k.D = p1(p, other).D },
		"d is zero":          func(k *keyParts) { k.D = new(big.Int) },
		"d is one more":      func(k *keyParts) { k.D = new(big.Int).Add(k.D, one) },
		"e is one":           func(k *keyParts) { k.E = one },
		"e is even":          func(k *keyParts) { k.E = big.NewInt(65536) },
		"e is another":       func(k *keyParts) { k.E = three },
		"e of 2000 bits":     func(k *keyParts) { k.E = new(big.Int).Add(new(big.Int).Lsh(one, 2000), one) },
	} {
		k := p1(p, q)
		spoil(k)
		all[name] = pkcs1(k)
	}
	return all
}

// keyParts is the RSAPrivateKey of RFC 8017, appendix A.1.2.
type keyParts struct {
	Version       int
	N, E, D, P, Q *big.Int
	Dp, Dq, Qinv  *big.Int
}

var one = big.NewInt(1)

// p1 returns a key of p and q with all its numbers computed as for primes, as OpenSSL does: crypto/rsa would refuse.
func p1(p, q *big.Int) *keyParts {
	k := numbers(p, q)
	return &keyParts{
		N: k.N, E: big.NewInt(int64(k.E)), D: k.D, P: p, Q: q,
		Dp: new(big.Int).Mod(k.D, new(big.Int).Sub(p, one)), Dq: new(big.Int).Mod(k.D, new(big.Int).Sub(q, one)),
		Qinv: new(big.Int).ModInverse(q, p),
	}
}

func pkcs1(k *keyParts) []byte {
	der, err := asn1.Marshal(*k)
	if err != nil {
		panic(err)
	}
	return der
}

// PEM1 returns a key in PKCS #1, as OpenSSL 1 writes it.
func PEM1(der []byte) []byte {
	return pem.EncodeToMemory(&pem.Block{Type: "RSA PRIVATE KEY", Bytes: der})
}

func assemble(primes ...*big.Int) *rsa.PrivateKey {
	k := numbers(primes...)
	k.Precompute()
	if err := k.Validate(); err != nil {
		panic(err)
	}
	return k
}

// numbers are the parts of a private key.
func numbers(primes ...*big.Int) *rsa.PrivateKey {
	e := big.NewInt(65537)
	n, lcm := big.NewInt(1), big.NewInt(1)
	for _, p := range primes {
		n.Mul(n, p)
		p1 := new(big.Int).Sub(p, one)
		lcm.Mul(new(big.Int).Quo(lcm, new(big.Int).GCD(nil, nil, lcm, p1)), p1)
	}
	return &rsa.PrivateKey{
		PublicKey: rsa.PublicKey{N: n, E: int(e.Int64())},
		D:         new(big.Int).ModInverse(e, lcm),
		Primes:    primes,
	}
}
