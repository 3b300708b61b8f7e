// Package sealing encrypts and authenticates small values, and keeps the keys for that: in a file for what only this
// machine's memory holds, otherwise protected by the system or in a keystore.
package sealing

import (
	"crypto/cipher"
	"crypto/fips140"
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"fmt"

	"golang.org/x/crypto/chacha20poly1305"

	"cgp-cred/keystore/fault"
)

// A sealed value is version (1 byte) | id of the key (8) | nonce (24) | ciphertext and tag (XChaCha20-Poly1305,
// draft-irtf-cfrg-xchacha). Version and id are authenticated with the caller's additional data.
const (
	sealVersion = 1
	idSize      = 8
	headSize    = 1 + idSize
	nonceEnd    = headSize + chacha20poly1305.NonceSizeX
)

// Errors of [Sealer.Open].
var (
	errSealShort   = errors.New("sealed value is too short")
	errSealVersion = errors.New("sealed value has another version")
	errSealKey     = errors.New("sealed value was sealed under another key")
	errSealForged  = errors.New("sealed value is not authentic")
)

// Sealer encrypts and authenticates small values with one key. It prints as [redacted].
type Sealer struct {
	aead func() cipher.AEAD // a func, so that no way of printing the Sealer reaches the key
	id   [idSize]byte
}

// allowed returns an error in the FIPS 140-only mode, which has no cipher for sealing.
func allowed() error {
	if fips140.Enforced() {
		return fault.New(fault.Usage, "run the command without GODEBUG=fips140=only",
			"GODEBUG=fips140=only does not allow XChaCha20-Poly1305, which seals it")
	}
	return nil
}

// New returns a Sealer with a random key of 32 bytes. In the FIPS 140-only mode it returns an error.
func New(key []byte) (*Sealer, error) {
	if len(key) != chacha20poly1305.KeySize {
		return nil, fmt.Errorf("a sealing key has %d bytes, and this one %d", chacha20poly1305.KeySize, len(key))
	}
	if err := allowed(); err != nil {
		return nil, err
	}
	aead, err := chacha20poly1305.NewX(key)
	if err != nil {
		return nil, err
	}
	h := sha256.New()
	h.Write([]byte("cgp-cred sealing key id\x00"))
	h.Write(key)
	s := &Sealer{aead: func() cipher.AEAD { return aead }}
	copy(s.id[:], h.Sum(nil))
	return s, nil
}

// ID returns an identifier that distinguishes keys and reveals nothing about the key.
func (s *Sealer) ID() [8]byte { return s.id }

// Seal encrypts plain and binds it to aad, which must be given to Open too. Each call uses a new random nonce.
func (s *Sealer) Seal(aad, plain []byte) []byte {
	out := make([]byte, nonceEnd, nonceEnd+len(plain)+chacha20poly1305.Overhead)
	out[0] = sealVersion
	copy(out[1:], s.id[:])
	_, _ = rand.Read(out[headSize:nonceEnd]) // never fails: crypto/rand ends the program instead
	return s.aead().Seal(out, out[headSize:nonceEnd], plain, bind(out[:headSize], aad))
}

// Open returns the value that was sealed under this key with this aad, and an error for anything else.
func (s *Sealer) Open(aad, sealed []byte) ([]byte, error) {
	switch {
	case len(sealed) < nonceEnd+chacha20poly1305.Overhead:
		return nil, errSealShort
	case sealed[0] != sealVersion:
		return nil, errSealVersion
	case [idSize]byte(sealed[1:headSize]) != s.id:
		return nil, errSealKey
	}
	plain, err := s.aead().Open(nil, sealed[headSize:nonceEnd], sealed[nonceEnd:], bind(sealed[:headSize], aad))
	if err != nil {
		return nil, errSealForged
	}
	return plain, nil
}

func bind(head, aad []byte) []byte {
	return append(append(make([]byte, 0, len(head)+len(aad)), head...), aad...)
}

// Format prints [redacted] for every verb.
func (s *Sealer) Format(f fmt.State, _ rune) {
	_, _ = f.Write([]byte("[redacted]")) // fmt handles a write error
}
