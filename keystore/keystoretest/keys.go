// Package keystoretest has what tests of this and other packages need of keystores: RSA keys at no cost, keystores with
// each system's limits, and a real keyring on a bus of its own. Nothing of it is for use outside tests.
package keystoretest

import (
	"crypto/rsa"
	"crypto/x509"
	_ "embed" // primes.txt
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

func assemble(primes ...*big.Int) *rsa.PrivateKey {
	one, e := big.NewInt(1), big.NewInt(65537)
	n, lcm := big.NewInt(1), big.NewInt(1)
	for _, p := range primes {
		n.Mul(n, p)
		p1 := new(big.Int).Sub(p, one)
		lcm.Mul(new(big.Int).Quo(lcm, new(big.Int).GCD(nil, nil, lcm, p1)), p1)
	}
	k := &rsa.PrivateKey{
		PublicKey: rsa.PublicKey{N: n, E: int(e.Int64())},
		D:         new(big.Int).ModInverse(e, lcm),
		Primes:    primes,
	}
	k.Precompute()
	if err := k.Validate(); err != nil {
		panic(err)
	}
	return k
}
