package signer

import (
	"crypto/rsa"
	"encoding/json"
	"errors"
	"slices"

	"cgp-cred/keystore/jwkint"
	"cgp-cred/keystore/program"
)

// Stored is a signer in a record: the primes of the record's own private key, or an external key.
type Stored struct {
	E      string       `json:"e,omitempty"`
	P      string       `json:"p,omitempty"`
	Q      string       `json:"q,omitempty"`
	Signer *ExternalKey `json:"signer,omitempty"`
}

// ExternalKey finds a private key outside the record. It has the public key, so that every answer can be verified.
type ExternalKey struct {
	Kind        string   `json:"kind"` // [KindAgent] or [KindExec]
	E           string   `json:"e"`    // the public key, JWK encodings (RFC 7518, section 6.3.1)
	N           string   `json:"n"`
	Fingerprint string   `json:"fingerprint,omitempty"` // for an agent's key
	Argv        []string `json:"argv,omitempty"`        // for a program
}

// externalMembers are the names of ExternalKey's members in JSON.
var externalMembers = []string{"kind", "e", "n", "fingerprint", "argv"}

// ErrUnknown: a later version wrote the signer.
var ErrUnknown = errors.New("it has a signer that this program does not know")

// UnmarshalJSON reads a key that Encode wrote; an unknown kind or member is [ErrUnknown].
func (w *ExternalKey) UnmarshalJSON(b []byte) error {
	var m map[string]json.RawMessage
	if err := json.Unmarshal(b, &m); err != nil {
		return err
	}
	for name := range m {
		if !slices.Contains(externalMembers, name) {
			return ErrUnknown
		}
	}
	type plain ExternalKey
	return json.Unmarshal(b, (*plain)(w))
}

// Encode returns the stored form of a signer.
func Encode(s Signer) (Stored, error) {
	switch s := s.(type) {
	case RSA:
		return encodeRSA(s)
	case *Agent:
		w := externalKey(KindAgent, s.public)
		w.Fingerprint = Fingerprint(s.public)
		return Stored{Signer: w}, nil
	case *Exec:
		w := externalKey(KindExec, s.public)
		w.Argv = s.argv
		return Stored{Signer: w}, nil
	}
	return Stored{}, errors.New("a key id without a key")
}

func externalKey(kind string, k *rsa.PublicKey) *ExternalKey {
	return &ExternalKey{Kind: kind, E: jwkint.EncodeInt(k.E), N: jwkint.Encode(k.N)}
}

// Decode returns the signer that Encode stored. If its parts don't fit together, the error names no value; an unknown
// kind is [ErrUnknown]. Decode calls nothing outside the record, and no program is run before [Permit] allows it.
func (k Stored) Decode(o Options) (Signer, error) {
	w := k.Signer
	if w == nil {
		return decodeRSA(k, o)
	}
	if k.E != "" || k.P != "" || k.Q != "" {
		return nil, errors.New("it has both a private key and a signer")
	}
	if w.Kind != KindAgent && w.Kind != KindExec {
		return nil, ErrUnknown
	}
	e, errE := jwkint.Decode(w.E)
	n, errN := jwkint.Decode(w.N)
	if errors.Join(errE, errN) != nil {
		return nil, errors.New("e or n of the signer is not a base64url number")
	}
	public, err := checkPublic(n, e)
	if err != nil {
		return nil, errors.New("the signer's public key is " + err.Error())
	}
	switch {
	case w.Kind == KindAgent && (len(w.Argv) > 0 || w.Fingerprint != Fingerprint(public)):
		return nil, errors.New("the signer's fingerprint is not its public key's")
	case w.Kind == KindAgent:
		return &Agent{public: public, options: o}, nil
	case w.Fingerprint != "" || program.Check(w.Argv) != nil:
		return nil, errors.New("the signer's program can't be run")
	}
	return &Exec{argv: w.Argv, public: public, options: o, may: notGiven}, nil
}
