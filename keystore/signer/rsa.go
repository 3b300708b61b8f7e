package signer

import (
	"crypto"
	"crypto/rsa"
	"errors"
	"fmt"
	"io"
)

// redacted is printed instead of a key.
const redacted = "[redacted]"

// ErrNoKey: the [RSA] that should sign is the zero value.
var ErrNoKey = errors.New("there is no private key")

var _ Signer = RSA{}

// RSA is an RSA private key that signs with PKCS #1 v1.5. It prints as [redacted], also in a struct: fmt can look into
// an unexported field, but not into a func. The zero value holds no key.
type RSA struct {
	reveal  func() *rsa.PrivateKey
	profile string // the profile whose record has the key, for hints; empty: no profile yet
}

// NewRSA returns k as a signer. The caller must not change k afterwards. For a nil k it returns the zero value.
func NewRSA(k *rsa.PrivateKey) RSA {
	if k == nil {
		return RSA{}
	}
	return RSA{reveal: func() *rsa.PrivateKey { return k }}
}

// IsZero reports whether there is no key.
func (k RSA) IsZero() bool { return k.reveal == nil }

// Reveal returns the private key, or nil for the zero value. Only encoders need it: all other code signs.
func (k RSA) Reveal() *rsa.PrivateKey {
	if k.reveal == nil {
		return nil
	}
	return k.reveal()
}

// Public returns the *[rsa.PublicKey], or nil for the zero value.
func (k RSA) Public() crypto.PublicKey {
	if k.reveal == nil {
		return nil
	}
	return &k.reveal().PublicKey
}

// Kind returns "keychain": the key is in the record, in whatever keystore that is.
func (RSA) Kind() string { return KindKeychain }

// Where returns "": the key is in the record.
func (RSA) Where() string { return "" }

// Sign signs digest, made with the hash that opts names, with PKCS #1 v1.5 (RFC 8017, section 8.2). It refuses PSS: the
// token endpoint verifies only RS512. rand may be nil.
func (k RSA) Sign(rand io.Reader, digest []byte, opts crypto.SignerOpts) ([]byte, error) {
	if k.reveal == nil {
		return nil, ErrNoKey
	}
	if _, pss := opts.(*rsa.PSSOptions); pss || opts == nil || opts.HashFunc() == 0 {
		return nil, errors.New("this key signs with PKCS #1 v1.5 and a named hash only")
	}
	signature, err := k.reveal().Sign(rand, digest, opts)
	if err != nil {
		return nil, k.unusable(err)
	}
	return signature, nil
}

// unusable returns why the key does not sign.
func (k RSA) unusable(err error) error {
	if forbidden := ForbiddenKey(err); forbidden != nil {
		return forbidden
	}
	return damagedKey(Options{Profile: k.profile}.profile())
}

// SignMessage hashes msg with the hash that opts names, then signs it as [RSA.Sign] does.
func (k RSA) SignMessage(rand io.Reader, msg []byte, opts crypto.SignerOpts) ([]byte, error) {
	if opts == nil || !opts.HashFunc().Available() {
		return nil, errors.New("the hash to sign with is missing or not linked in")
	}
	h := opts.HashFunc().New()
	h.Write(msg)
	return k.Sign(rand, h.Sum(nil), opts)
}

// Format prints [redacted] for every verb.
func (RSA) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, redacted) }

// String returns [redacted].
func (RSA) String() string { return redacted }

// MarshalText returns [redacted], for JSON and loggers.
func (RSA) MarshalText() ([]byte, error) { return []byte(redacted), nil }
