// Package keystoretest has what tests of this and other packages need of keystores: RSA keys at no cost, keystores with
// each system's limits, and a real keyring on a bus of its own. Nothing of it is for use outside tests.
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

// primesText has eight published, and so worthless, primes of each size, made by crypto/rand.Prime, one in a line.
//
//go:embed primes.txt
var primesText string

const primesOfSize = 8

// Keys is the number of different keys that [Key] has of each size.
const Keys = primesOfSize * (primesOfSize - 1) / 2

// Key returns key number i (0 to [Keys]-1) of 1024, 2048, 3072 or 4096 bits, always the same, in a few milliseconds: to
// generate one of 4096 bits takes seconds. It panics for another size or number.
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

// MultiPrimeKey returns a key of 3072 bits with three primes, which OpenSSL and Go read and keychains' records don't.
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

// Composite returns a key of 2048 bits of which the first prime, the second, or both are products of two. x509 takes it,
// and what it signs is wrong. It is PKCS #1 in DER.
func Composite(first, second bool) []byte {
	p, q := prime(1024, 0), prime(1024, 1)
	if first {
		p = new(big.Int).Mul(prime(512, 0), prime(512, 1))
	}
	if second {
		q = new(big.Int).Mul(prime(512, 2), prime(512, 3))
	}
	k := numbers(p, q)
	one := big.NewInt(1)
	// crypto/rsa would compute these as for primes, which OpenSSL does not.
	der, err := asn1.Marshal(struct {
		Version               int
		N                     *big.Int
		E                     int
		D, P, Q, Dp, Dq, Qinv *big.Int
	}{
		0, k.N, k.E, k.D, p, q,
		new(big.Int).Mod(k.D, new(big.Int).Sub(p, one)), new(big.Int).Mod(k.D, new(big.Int).Sub(q, one)), new(big.Int).ModInverse(q, p),
	})
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
	one, e := big.NewInt(1), big.NewInt(65537)
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
