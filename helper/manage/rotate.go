package manage

import (
	"context"
	"fmt"

	"cgp-cred/helper/records"
	"cgp-cred/keystore/record"
)

// Rotate adds a next key to the record. The first token that it obtains makes it the current key. Until
// FinishRotation each of the two keys is tried if the other is refused, because APIM may learn of a new key, or keep
// an old one, for up to an hour after the Developer Hub. seen is what MayRotate returned; empty: any record.
func (m *Manager) Rotate(ctx context.Context, name, seen string, next *record.Key) (Stored, error) {
	return m.change(ctx, name, func(r *record.Record) error {
		if seen != "" && seen != r.Rev {
			return records.NotWritten(name)
		}
		if err := mayRotate(name, next.KID, r); err != nil {
			return err
		}
		r.Next = next
		return nil
	})
}

// MayRotate returns an error if Rotate would refuse a key named kid. It is called before the key is made. seen is the
// rev of the record that it read.
func (m *Manager) MayRotate(ctx context.Context, name, kid string) (seen string, err error) {
	if err := m.KeystoreOnly(); err != nil {
		return "", err
	}
	if err := m.mayChange(name); err != nil {
		return "", err
	}
	p, err := m.Profile(name)
	if err != nil {
		return "", err
	}
	r, err := m.Load(ctx, p)
	if err != nil {
		return "", err
	}
	return r.Rev, mayRotate(name, kid, r)
}

func mayRotate(name, kid string, r *record.Record) error {
	switch {
	case r.Key == nil:
		return records.Incomplete(name, "private key")
	case r.Next != nil:
		return refuse(name, fmt.Sprintf("a next key is waiting already: %q", r.ShownKID(r.Next)),
			fmt.Sprintf("register it: cgp-cred jwks %s; or drop it: cgp-cred rotate %s --abort", name, name))
	case r.Previous != nil:
		return refuse(name, fmt.Sprintf("the last rotation is not finished: %q is still kept", r.ShownKID(r.Previous)),
			"finish it: cgp-cred rotate "+name+" --finish")
	case kid == r.Key.KID:
		return refuse(name,
			fmt.Sprintf("kid %q is the current key's, and APIM would confuse the two", r.ShownKID(r.Key)),
			"choose a kid that was never used: --kid NEWKID")
	}
	return record.CheckKID(kid, r.APIKey)
}

// FinishRotation drops the key that was replaced. It is an error if the next key has obtained no token yet, or if no
// rotation is under way.
func (m *Manager) FinishRotation(ctx context.Context, name string) (Stored, error) {
	return m.change(ctx, name, func(r *record.Record) error {
		switch {
		case r.Next != nil:
			return refuse(name, fmt.Sprintf("the next key %q has obtained no token yet", r.ShownKID(r.Next)),
				fmt.Sprintf("register it (cgp-cred jwks %s), wait up to an hour, then: cgp-cred get %s --force-new",
					name, name))
		case r.Previous == nil:
			return notRotating(name)
		}
		r.Previous = nil
		return nil
	})
}

// AbortRotation drops the new key, whether it is still the next key or already the current one.
func (m *Manager) AbortRotation(ctx context.Context, name string) (Stored, error) {
	return m.change(ctx, name, func(r *record.Record) error {
		switch {
		case r.Next != nil:
			r.Next = nil
		case r.Previous != nil:
			r.Key, r.Previous = r.Previous, nil
		default:
			return notRotating(name)
		}
		return nil
	})
}

func notRotating(name string) error {
	return refuse(name, "no rotation is under way", "start one: cgp-cred rotate "+name+" --kid KID")
}

// change applies f to a profile's record and writes both, under the profile's lease.
func (m *Manager) change(ctx context.Context, name string, f func(*record.Record) error) (Stored, error) {
	lease, err := m.begin(ctx, name)
	if err != nil {
		return Stored{}, err
	}
	defer lease.Release()
	ctx = lease.Context()
	p, err := m.Config.Load(name)
	if err != nil {
		return Stored{}, err
	}
	r, err := m.Load(ctx, p)
	if err != nil {
		return Stored{}, err
	}
	was := r.Rev
	if err := f(r); err != nil {
		return Stored{}, err
	}
	m.Forget(ctx, p)
	r.Rev = record.NewRev()
	_, err = m.Write(ctx, p, was, r)
	return Stored{Profile: p, Record: r}, err
}
