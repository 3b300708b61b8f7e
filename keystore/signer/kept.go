package signer

import (
	"crypto/rsa"
	"encoding/base64"
	"encoding/json"
	"errors"
	"math/big"
	"slices"

	"cgp-cred/keystore/program"
)

// Kept is a signer as a record keeps it: the primes of its own private key, or what finds the key elsewhere.
type Kept struct {
	E      string     `json:"e,omitempty"`
	P      string     `json:"p,omitempty"`
	Q      string     `json:"q,omitempty"`
	Signer *Elsewhere `json:"signer,omitempty"`
}

// Elsewhere finds a private key outside the record. The public key is in it, so that no answer is believed.
type Elsewhere struct {
	Kind        string   `json:"kind"` // [KindAgent] or [KindExec]
	E           string   `json:"e"`    // the public key, JWK encodings (RFC 7518, section 6.3.1)
	N           string   `json:"n"`
	Fingerprint string   `json:"fingerprint,omitempty"` // of an agent's key
	Argv        []string `json:"argv,omitempty"`        // of a program
}

// members are the names that Elsewhere has in JSON.
var elsewhereMembers = []string{"kind", "e", "n", "fingerprint", "argv"}

// ErrUnknown: the signer was kept by a later version.
var ErrUnknown = errors.New("it has a signer that this program does not know")

// UnmarshalJSON reads what Keep made; a kind or member that is not known here is [ErrUnknown].
func (w *Elsewhere) UnmarshalJSON(b []byte) error {
	var m map[string]json.RawMessage
	if err := json.Unmarshal(b, &m); err != nil {
		return err
	}
	for name := range m {
		if !slices.Contains(elsewhereMembers, name) {
			return ErrUnknown
		}
	}
	type plain Elsewhere
	return json.Unmarshal(b, (*plain)(w))
}

// Keep returns what a record keeps of a signer.
func Keep(s Signer) (Kept, error) {
	switch s := s.(type) {
	case RSA:
		return shrink(s)
	case *Agent:
		w := elsewhere(KindAgent, s.public)
		w.Fingerprint = Fingerprint(s.public)
		return Kept{Signer: w}, nil
	case *Exec:
		w := elsewhere(KindExec, s.public)
		w.Argv = s.argv
		return Kept{Signer: w}, nil
	}
	return Kept{}, errors.New("a key id without a key")
}

func elsewhere(kind string, k *rsa.PublicKey) *Elsewhere {
	enc := base64.RawURLEncoding.EncodeToString
	return &Elsewhere{Kind: kind, E: enc(big.NewInt(int64(k.E)).Bytes()), N: enc(k.N.Bytes())}
}

// Open returns the signer that Keep kept. Parts that don't fit together are an error that names no value; a kind that is
// not known here is [ErrUnknown]. Nothing outside the record is asked before something is to be signed, and no program is
// run before [Permit] allows it.
func (k Kept) Open(o Options) (Signer, error) {
	w := k.Signer
	if w == nil {
		return rebuild(k, o)
	}
	if k.E != "" || k.P != "" || k.Q != "" {
		return nil, errors.New("it has both a private key and a signer")
	}
	if w.Kind != KindAgent && w.Kind != KindExec {
		return nil, ErrUnknown
	}
	e, errE := number(w.E)
	n, errN := number(w.N)
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
