package simulator

import (
	"bytes"
	"crypto/rsa"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"math/big"
	"sync"
	"time"
)

// keySet holds the RSA keys that may sign, by kid. A kid may have several keys.
type keySet map[string][]*rsa.PublicKey

// keyCache keeps a key set for some time after it was read, as APIM does (PopulateCache.CCJWKS.xml). It does not keep a
// failure.
type keyCache struct {
	read func() ([]byte, error)
	life time.Duration

	mu   sync.Mutex
	set  keySet
	from time.Time
}

// get returns the registered key set. Without one the error is fs.ErrNotExist.
func (c *keyCache) get(now time.Time) (keySet, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.set != nil && now.Sub(c.from) < c.life {
		return c.set, nil
	}
	if c.read == nil {
		return nil, fs.ErrNotExist
	}
	b, err := c.read()
	if err != nil {
		return nil, err
	}
	if len(bytes.TrimSpace(b)) == 0 {
		return nil, fs.ErrNotExist
	}
	set, err := parseJWKS(b)
	if err != nil {
		return nil, err
	}
	c.set, c.from = set, now
	return set, nil
}

// parseJWKS reads a JWK set (RFC 7517 section 5). It skips keys that can't verify RS512: those with another type, use
// or algorithm, or with numbers that can't be read.
func parseJWKS(b []byte) (keySet, error) {
	var doc struct {
		Keys []struct {
			KTY, Use, Alg, KID, N, E string
		} `json:"keys"`
	}
	if err := json.Unmarshal(b, &doc); err != nil {
		return nil, fmt.Errorf("key set: %w", err)
	}
	if doc.Keys == nil {
		return nil, errors.New("key set has no keys member")
	}
	set := make(keySet)
	for _, k := range doc.Keys {
		if k.KTY != "RSA" || (k.Use != "" && k.Use != "sig") || (k.Alg != "" && k.Alg != "RS512") {
			continue
		}
		n, okN := bigInt(k.N)
		e, okE := bigInt(k.E)
		if okN && okE && e.IsInt64() && e.Int64() < 1<<31 {
			set[k.KID] = append(set[k.KID], &rsa.PublicKey{N: n, E: int(e.Int64())})
		}
	}
	return set, nil
}

// bigInt reads a Base64urlUInt (RFC 7518 section 2).
func bigInt(s string) (*big.Int, bool) {
	b, err := base64.RawURLEncoding.DecodeString(s)
	n := new(big.Int).SetBytes(b)
	return n, err == nil && n.Sign() > 0
}
