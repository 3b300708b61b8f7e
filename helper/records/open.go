package records

import (
	"context"
	"errors"
	"time"

	"cgp-cred/helper/profile"
	"cgp-cred/keystore"
	"cgp-cred/keystore/record"
)

// Source is where one profile's record is read from: its open keystore, or the environment.
type Source struct {
	records  *Records
	name     string
	place    profile.Location
	keystore keystore.Keystore // nil: the environment
}

// Source opens the keystore of p.
func (rs *Records) Source(p *profile.Profile) (Source, error) {
	if p.Keystore == profile.Environment {
		return Source{records: rs, name: p.Name}, nil
	}
	return rs.At(p.Name, p.Location())
}

// At opens the keystore in a place, for a profile's name. It runs a program only if its command was given on this
// machine, or by root.
func (rs *Records) At(name string, place profile.Location) (Source, error) {
	ks, err := rs.open(name, place)
	return Source{records: rs, name: name, place: place, keystore: ks}, err
}

func (rs *Records) open(name string, place profile.Location) (keystore.Keystore, error) {
	if place.Kind != profile.File && place.Kind != profile.Exec {
		return rs.Keystore(place.Kind)
	}
	if place.Kind == profile.Exec && place.System == "" && !rs.Seals().Sealed(name, place) {
		return nil, notGiven(name, place.Command, false)
	}
	if rs.External == nil {
		return nil, &keystore.Error{
			Kind: keystore.ErrUnavailable, Op: "get", Account: name, Detail: "keystore: " + place.Kind,
		}
	}
	return rs.External(place)
}

// Keystore returns the keystore, or nil for the environment.
func (s Source) Keystore() keystore.Keystore { return s.keystore }

// Patience returns how long cgp-cred waits for the keystore's answer.
func (s Source) Patience() time.Duration {
	if s.keystore == nil {
		return 0
	}
	if l, ok := s.keystore.(keystore.Limited); ok {
		if limit, err := l.Limit(); err == nil {
			return limit
		}
	}
	return keystore.PatienceOrUsual()
}

// Read reads the record as it is. All records are read here, because seal, from the profile's file, decides which of
// the programs that the record names may be run.
func (s Source) Read(ctx context.Context, seal string) (*record.Record, error) {
	r, err := record.Load(ctx, s.keystore, s.name)
	if err != nil {
		return nil, err
	}
	s.records.Seals().permit(s.name, s.place, seal, r)
	return r, nil
}

// Delete removes the record. An absent record is no error.
func (s Source) Delete(ctx context.Context, account string) (removed bool, err error) {
	err = s.keystore.Delete(ctx, account)
	if errors.Is(err, keystore.ErrNotFound) {
		return false, nil
	}
	return err == nil, err
}

// ReadAt is [Source.Read] of a place.
func (rs *Records) ReadAt(
	ctx context.Context, name string, place profile.Location, seal string,
) (*record.Record, error) {
	s, err := rs.At(name, place)
	if err != nil {
		return nil, err
	}
	return s.Read(ctx, seal)
}
