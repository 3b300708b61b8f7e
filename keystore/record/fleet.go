package record

import (
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"slices"
	"strings"

	"cgp-cred/keystore"
	"cgp-cred/keystore/signer"
)

const fleetKeySize = 32 // bytes

// errNoFleetKey is the error of a record from which no fleet key follows.
var errNoFleetKey = errors.New("the private key is outside the record, and the record has no fleet key")

// FleetSecret returns the 32 bytes that seal what the machines of a fleet share. They are in the record, or follow from
// its API key and the primes of its private key (RFC 5869), so that all machines with the credential have the same,
// however its PEM text was written.
func (r *Record) FleetSecret() (keystore.Secret, error) {
	if !r.FleetKey.IsZero() {
		return r.FleetKey, nil
	}
	if r.Key == nil || signer.External(r.Key.Signer) {
		return keystore.Secret{}, errNoFleetKey
	}
	stored, err := signer.Encode(r.Key.Signer)
	if err != nil {
		return keystore.Secret{}, err
	}
	primes := []string{stored.P, stored.Q}
	slices.Sort(primes)
	secret := strings.Join([]string{string(r.APIKey.Reveal()), stored.E, primes[0], primes[1]}, "\x00")
	key, err := hkdf.Key(sha256.New, []byte(secret), nil, "cgp-cred fleet key 1", fleetKeySize)
	return keystore.NewSecret(key), err
}

// Reader reports whether the record can only read the fleet's token, and never mint one.
func (r *Record) Reader() bool { return r.Auth == JWT && r.Key == nil && !r.FleetKey.IsZero() }

// ReaderOf returns what a machine needs to read the token that r's machines share at a URL. It has neither the API key
// nor a private key.
func (r *Record) ReaderOf(fleet string) (*Record, error) {
	key, err := r.FleetSecret()
	if err != nil {
		return nil, err
	}
	return &Record{
		Rev: r.Rev, Host: r.Host, APIName: r.APIName, Auth: JWT, TokenURL: r.TokenURL, Audience: r.Audience,
		FleetKey: key, Fleet: fleet,
	}, nil
}

// NewFleetKey puts a fleet key into the record: the one that follows from its own private key, otherwise a random one.
func (r *Record) NewFleetKey() {
	r.FleetKey = keystore.Secret{}
	key, err := r.FleetSecret()
	if err != nil {
		random := make([]byte, fleetKeySize)
		_, _ = rand.Read(random) // never returns an error: crypto/rand ends the program instead
		key = keystore.NewSecret(random)
	}
	r.FleetKey = key
}
