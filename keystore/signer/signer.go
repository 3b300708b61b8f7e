// Package signer signs: with a record's own RSA private key, a key in an ssh-agent, or another program.
package signer

import (
	"bytes"
	"context"
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha512"
	"errors"
	"time"
)

// Signer signs with one RSA key, which may be anywhere: RS512, RSASSA-PKCS1-v1_5 with SHA-512 (RFC 7518, section 3.3).
// Public returns its *[rsa.PublicKey]. A signer other than [RSA] verifies each signature with that key.
type Signer interface {
	crypto.MessageSigner

	// Kind returns the name by which a user chooses it: "keychain", "ssh-agent" or "exec".
	Kind() string
	// Where says which place has the private key, in a few printable words: "in ssh-agent, SHA256:...". For [RSA] it is
	// empty: the key is in the record.
	Where() string
}

// The kinds of signer. They are in records, so they must never change.
const (
	KindKeychain = "keychain"
	KindAgent    = "ssh-agent"
	KindExec     = "exec"
)

// Flags returns the flags that give a key of a kind, for hints.
func Flags(kind string) string {
	switch kind {
	case KindAgent:
		return "--signer ssh-agent --fingerprint SHA256:..."
	case KindExec:
		return "--signer exec --signer-command COMMAND"
	}
	return "--private-key FILE"
}

// The sizes of RSA modulus that a record keeps, in bits. crypto/rsa does not sign with a shorter key; a longer one does
// not fit into a keychain's item.
const (
	MinBits = 1024
	MaxBits = 8192
)

// Options are for calls of a signer outside the record.
type Options struct {
	Profile string                        // the profile's name, for programs
	Limit   func() (time.Duration, error) // deadline of one call; nil: 30 s

	ctx context.Context // the context of [Within]; may be nil
}

const usualLimit = 30 * time.Second

// bounded returns the context of one call, and how long the call may last.
func (o Options) bounded(ctx context.Context) (context.Context, context.CancelFunc, time.Duration, error) {
	limit := usualLimit
	if o.Limit != nil {
		var err error
		if limit, err = o.Limit(); err != nil {
			return nil, nil, 0, err
		}
	}
	if deadline, ok := ctx.Deadline(); ok {
		limit = max(0, min(limit, time.Until(deadline)))
	}
	ctx, stop := context.WithTimeout(ctx, limit)
	return ctx, stop, limit, nil
}

// given returns the context from [Within]: a call of [crypto.MessageSigner] has none.
func (o Options) given() context.Context {
	if o.ctx == nil {
		return context.Background()
	}
	return o.ctx
}

// Within returns a signer that does the same as s, and does not wait after ctx has ended.
func Within(ctx context.Context, s Signer) Signer {
	switch s := s.(type) {
	case *Agent:
		bound := *s
		bound.options.ctx = ctx
		return &bound
	case *Exec:
		bound := *s
		bound.options.ctx = ctx
		return &bound
	}
	return s
}

func (o Options) profile() string {
	if o.Profile == "" {
		return "PROFILE"
	}
	return o.Profile
}

// Bits returns the size of a signer's modulus, or 0 without a key.
func Bits(s Signer) int {
	if public, ok := s.Public().(*rsa.PublicKey); ok && public != nil {
		return public.N.BitLen()
	}
	return 0
}

// External reports whether the private key is outside the record, so that cgp-cred can't copy it.
func External(s Signer) bool {
	_, own := s.(RSA)
	return !own
}

// Prove makes s sign something random and verifies that with its public key, so that cgp-cred keeps no key that can't
// sign.
func Prove(s Signer) error {
	message := make([]byte, 32)
	_, _ = rand.Read(message) // never returns an error: crypto/rand ends the program instead
	signature, err := crypto.SignMessage(s, rand.Reader, message, crypto.SHA512)
	if err != nil {
		return err
	}
	public, ok := s.Public().(*rsa.PublicKey)
	if !ok {
		return ErrNoKey
	}
	digest := sha512.Sum512(message)
	if rsa.VerifyPKCS1v15(public, crypto.SHA512, digest[:], signature) != nil {
		return damagedKey(Options{}.profile())
	}
	return nil
}

// check verifies an external signature with the key that was recorded: the signer may have another key now, or lie.
func check(who string, o Options, public *rsa.PublicKey, digest, signature []byte) error {
	if rsa.VerifyPKCS1v15(public, crypto.SHA512, digest, signature) == nil {
		return nil
	}
	return failed(
		ErrWrong, who, "its signature was made with another key than it was stored with, or in another way than RS512",
		"check which key it uses; to change it: cgp-cred store "+o.profile()+" "+Flags(who)+
			" --kid KID --force",
	)
}

// rs512 returns an error for every way to sign except PKCS #1 v1.5 with SHA-512.
func rs512(opts crypto.SignerOpts) error {
	if _, pss := opts.(*rsa.PSSOptions); pss || opts == nil || opts.HashFunc() != crypto.SHA512 {
		return errors.New("this key signs with PKCS #1 v1.5 and SHA-512 only")
	}
	return nil
}

// padded extends a signature to the length of the modulus: it is a number, and some programs omit its leading zeros.
func padded(public *rsa.PublicKey, signature []byte) []byte {
	if missing := public.Size() - len(signature); missing > 0 {
		return append(bytes.Repeat([]byte{0}, missing), signature...)
	}
	return signature
}
