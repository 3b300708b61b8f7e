package signer

import (
	"bytes"
	"context"
	"crypto"
	"crypto/rsa"
	"crypto/sha512"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"errors"
	"io"
	"slices"
	"strings"

	"cgp-cred/keystore/printable"
	"cgp-cred/keystore/program"
)

var _ Signer = (*Exec)(nil)

// Exec signs with the user's program, which works with an HSM or a vault. cgp-cred runs it once with `public`: it
// prints the public key in PEM. Then `sign` reads the base64 of a SHA-512 digest, and prints the base64 of its PKCS #1
// v1.5 signature.
type Exec struct {
	argv    []string
	public  *rsa.PublicKey
	options Options
	may     func(argv []string) error // nil: the user has just named the program
}

// NewExec asks a program for its public key. Errors are those of package program, and [ErrWrong].
func NewExec(ctx context.Context, argv []string, o Options) (*Exec, error) {
	s := &Exec{argv: slices.Clone(argv), options: o}
	out, err := s.run(ctx, "public", nil)
	if err != nil {
		return nil, err
	}
	if s.public, err = parsePublic(out); err != nil {
		return nil, s.wrong("its answer to \"public\" is not a public key: " + err.Error())
	}
	return s, nil
}

// Public returns the *[rsa.PublicKey] that the program gave when the record was made.
func (s *Exec) Public() crypto.PublicKey { return s.public }

// Kind returns "exec".
func (*Exec) Kind() string { return KindExec }

// Where names the program.
func (s *Exec) Where() string { return "with the program " + printable.Shell(s.argv[0]) }

// SignMessage makes the program sign msg's SHA-512 digest.
func (s *Exec) SignMessage(rand io.Reader, msg []byte, opts crypto.SignerOpts) ([]byte, error) {
	digest := sha512.Sum512(msg)
	return s.Sign(rand, digest[:], opts)
}

// Sign makes the program sign a SHA-512 digest, and verifies the signature. opts must name SHA-512 and nothing else.
func (s *Exec) Sign(_ io.Reader, digest []byte, opts crypto.SignerOpts) ([]byte, error) {
	if err := rs512(opts); err != nil {
		return nil, err
	}
	in := base64.StdEncoding.AppendEncode(nil, digest)
	out, err := s.run(s.options.given(), "sign", append(in, '\n'))
	if err != nil {
		return nil, err
	}
	signature, err := parseSignature(out, s.public.Size())
	if err != nil {
		return nil, s.wrong("its answer to \"sign\" is not a signature: " + err.Error())
	}
	if err := check(KindExec, s.options, s.public, digest, signature); err != nil {
		return nil, err
	}
	return signature, nil
}

// run is the only place that starts a program that signs.
func (s *Exec) run(ctx context.Context, verb string, in []byte) ([]byte, error) {
	if err := Permitted(s); err != nil {
		return nil, err
	}
	ctx, stop, _, err := s.options.bounded(ctx)
	if err != nil {
		return nil, err
	}
	defer stop()
	return program.Run(ctx, s.argv, verb, s.options.Profile, in)
}

// Permit sets may, which decides whether the program of a signer that was read from a record may be run. Without it the
// program is not run: a record outside the keychain can be planted. It changes neither a program that the user has just
// named nor any other signer.
func Permit(s Signer, may func(argv []string) error) Signer {
	e, program := s.(*Exec)
	if !program || e.may == nil {
		return s
	}
	permitted := *e
	permitted.may = may
	return &permitted
}

// Permitted returns why a signer's program may not be run, or nil.
func Permitted(s Signer) error {
	if e, program := s.(*Exec); program && e.may != nil {
		return e.may(slices.Clone(e.argv))
	}
	return nil
}

// Command returns the argv of a signer that is a program, or nil.
func Command(s Signer) []string {
	if e, program := s.(*Exec); program {
		return slices.Clone(e.argv)
	}
	return nil
}

// notGiven refuses every program of a record until [Permit] sets who decides.
func notGiven([]string) error {
	return failed(ErrNotGiven, KindExec, "",
		"give it again: cgp-cred store PROFILE --signer exec --signer-command COMMAND --kid KID --force")
}

func (s *Exec) wrong(detail string) error {
	return failed(ErrWrong, KindExec, detail,
		"try it by hand: "+printable.Shell(s.argv[0])+" ... public "+s.options.profile())
}

// parsePublic reads the one public key in a PEM text: SubjectPublicKeyInfo or PKCS #1. Its errors quote nothing of the
// text, which may be a private key by mistake.
func parsePublic(text []byte) (*rsa.PublicKey, error) {
	if bytes.Contains(text, []byte("PRIVATE KEY")) {
		return nil, errors.New("it is a private key, which must not leave it")
	}
	block, rest := pem.Decode(text)
	if block == nil {
		return nil, errors.New("it is not PEM")
	}
	if again, _ := pem.Decode(rest); again != nil {
		return nil, errors.New("it holds two keys")
	}
	var key any
	var err error
	switch block.Type {
	case "PUBLIC KEY":
		key, err = x509.ParsePKIXPublicKey(block.Bytes)
	case "RSA PUBLIC KEY":
		key, err = x509.ParsePKCS1PublicKey(block.Bytes)
	default:
		return nil, errors.New("its label is not PUBLIC KEY")
	}
	public, isRSA := key.(*rsa.PublicKey)
	switch {
	case err != nil:
		return nil, errors.New("it is damaged")
	case !isRSA:
		return nil, errors.New("it is not an RSA key, and API Management takes no other")
	}
	n, e := numbers(public)
	return checkPublic(n, e)
}

// parseSignature reads one line of base64, and checks that it is as long as the modulus.
func parseSignature(text []byte, size int) ([]byte, error) {
	line := strings.TrimSpace(string(text))
	if strings.ContainsAny(line, "\r\n") {
		return nil, errors.New("it is more than one line")
	}
	signature, err := base64.StdEncoding.Strict().DecodeString(line)
	switch {
	case err != nil || len(signature) == 0:
		return nil, errors.New("it is not base64")
	case len(signature) != size:
		return nil, errors.New("its length does not fit the key")
	}
	return signature, nil
}
