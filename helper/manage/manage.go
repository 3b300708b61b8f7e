// Package manage changes profiles. It stores, rotates, moves and removes their records, and reports what they hold.
package manage

import (
	"context"
	"errors"

	"cgp-cred/helper/flight"
	"cgp-cred/helper/mint"
	"cgp-cred/helper/profile"
	"cgp-cred/helper/records"
	"cgp-cred/keystore"
	"cgp-cred/keystore/fault"
	"cgp-cred/keystore/record"
)

// changeCalls is how many keystore calls a change of a profile may make: to find the record, in two places if it
// moves, to write it and read it back, to drop the token, and to remove the record from its old place.
const changeCalls = 6

// Manager changes a user's profiles.
type Manager struct {
	*records.Records
	NewKeystore string // kind of a new profile's keystore; empty: keychain
}

// ErrRefused is in the chain of an error about a change that would leave a profile unusable, or that needs --force.
var ErrRefused = errors.New("this change is refused")

// refuse returns the error of a change that is not made. hint says what to do instead.
func refuse(name, problem, hint string) error {
	what := `profile "` + name + `": ` + problem
	return &fault.Error{Class: fault.Usage, Err: ErrRefused, What: what, Hints: fault.Lines(hint)}
}

// Stored is the result of a change.
type Stored struct {
	Profile *profile.Profile
	Record  *record.Record
	New     bool // there was no record of this name
	Same    bool // there was nothing to change, so nothing was written
}

// KeystoreOnly returns an error if the environment holds the credential: then no keystore may be changed.
func (m *Manager) KeystoreOnly() error {
	if m.Environment == nil {
		return nil
	}
	return fault.New(fault.Usage, "unset the CGP_CRED_* variables, then run the command again",
		"the environment holds a credential (CGP_CRED_HOST or CGP_CRED_BUNDLE), so the keychain is not used")
}

// acquire waits for the lease to change a profile.
func (m *Manager) acquire(ctx context.Context, name string) (*flight.Lease, error) {
	patience := keystore.PatienceOrUsual()
	return m.Flight.AcquireChange(ctx, name, changeCalls*patience, patience+mint.Timeout+flight.Slack)
}

// acquireUnchanged is acquire for a change that starts from what the user saw. It fails if another command changed the
// profile while it waited.
func (m *Manager) acquireUnchanged(ctx context.Context, name string) (*flight.Lease, error) {
	rev := func() string {
		if p, err := m.Config.Load(name); err == nil {
			return p.Rev
		}
		return ""
	}
	before := rev()
	lease, err := m.acquire(ctx, name)
	if err == nil && rev() != before {
		lease.Release()
		return nil, records.NotWritten(name)
	}
	return lease, err
}

// begin acquires the lease to change a profile, and completes an earlier change that was killed.
func (m *Manager) begin(ctx context.Context, name string) (*flight.Lease, error) {
	if err := m.KeystoreOnly(); err != nil {
		return nil, err
	}
	if err := m.mayChange(name); err != nil {
		return nil, err
	}
	lease, err := m.acquireUnchanged(ctx, name)
	if err != nil {
		return nil, err
	}
	if err := m.settle(lease.Context(), name); err != nil {
		lease.Release()
		return nil, err
	}
	return lease, nil
}
