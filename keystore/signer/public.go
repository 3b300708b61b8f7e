package signer

import (
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"math/big"
)

// checkPublic refuses a public key that is not RSA, or of a size that no record keeps.
func checkPublic(n, e *big.Int) (*rsa.PublicKey, error) {
	if bits := n.BitLen(); n.Sign() <= 0 || n.Bit(0) == 0 || bits < MinBits || bits > MaxBits {
		return nil, errors.New("not an RSA key of 1024 to 8192 bits")
	}
	if e.Sign() <= 0 || e.BitLen() < 2 || e.BitLen() > 31 || e.Bit(0) == 0 {
		return nil, errors.New("not an RSA exponent")
	}
	return &rsa.PublicKey{N: n, E: int(e.Int64())}, nil
}

// blob returns a public key in an agent's form: string "ssh-rsa", mpint e, mpint n (RFC 4253, section 6.6).
func blob(k *rsa.PublicKey) []byte {
	b := appendString(nil, []byte("ssh-rsa"))
	b = appendString(b, positive(big.NewInt(int64(k.E))))
	return appendString(b, positive(k.N))
}

// positive returns a number above zero as an mpint's bytes: a leading zero keeps the sign (RFC 4251, section 5).
func positive(n *big.Int) []byte {
	b := n.Bytes()
	if len(b) > 0 && b[0] >= 0x80 {
		b = append([]byte{0}, b...)
	}
	return b
}

func appendString(b, s []byte) []byte {
	b = binary.BigEndian.AppendUint32(b, uint32(len(s))) // #nosec G115 -- keys and messages of a few KiB
	return append(b, s...)
}

// Fingerprint returns a key's name in OpenSSH's form, SHA256:..., as `ssh-add -l` prints it.
func Fingerprint(k *rsa.PublicKey) string {
	sum := sha256.Sum256(blob(k))
	return fingerprintPrefix + base64.RawStdEncoding.EncodeToString(sum[:])
}

const fingerprintPrefix = "SHA256:"

func numbers(k *rsa.PublicKey) (n, e *big.Int) { return k.N, big.NewInt(int64(k.E)) }
