package records

import (
	"context"
	"errors"
	"fmt"

	"cgp-cred/helper/profile"
	"cgp-cred/keystore"
	"cgp-cred/keystore/fault"
	"cgp-cred/keystore/record"
)

// Write stores a record, which has a new rev, then the profile's file. If the stored record no longer has the rev that
// the change started from, the error is [ErrChanged]. Every record is written here. If the disk is full or can't be
// written, both stay as they are. stored reports whether the record is written, even if the file is not.
func (rs *Records) Write(
	ctx context.Context, p *profile.Profile, was string, r *record.Record,
) (stored bool, err error) {
	s, err := rs.Source(p)
	if err != nil {
		return false, err
	}
	if err := rs.Describe(p, r); err != nil {
		return false, err
	}
	err = rs.Config.SaveAfter(p, func() error {
		err := record.Save(ctx, s.keystore, p.Name, was, r)
		if errors.Is(err, keystore.ErrChanged) {
			return NotWritten(p.Name)
		}
		stored = err == nil
		return err
	})
	if err != nil && stored {
		err = fault.Wrap(fault.ClassOf(err), "",
			fmt.Sprintf("profile %q: the record is stored, but the profile's file is not up to date", p.Name), err)
	}
	return stored, err
}

// Describe copies to p what a profile's file says about its record.
func (rs *Records) Describe(p *profile.Profile, r *record.Record) (err error) {
	p.Host, p.APIName, p.Auth, p.Rev = r.Host, r.APIName, r.Auth, r.Rev
	p.SignerSeal, err = rs.Seals().forRecord(p, r)
	return err
}

// Promote makes the next key the current one, after it obtained a token. It is called under the profile's lease. If it
// fails, or another command is changing the profile, the next token tries again.
func (rs *Records) Promote(ctx context.Context, p *profile.Profile, r *record.Record) {
	if p.Administered() {
		rs.Report.Trace(1, "APIM knows the next key of profile %q; only the system administrator changes its record",
			p.Name)
		return
	}
	release, ok := rs.Flight.TryChange(p.Name)
	if !ok {
		rs.Report.Trace(1, "profile %q is being changed: the next key becomes the current one with a later token",
			p.Name)
		return
	}
	defer release()
	was := r.Rev
	r.Previous, r.Key, r.Next, r.Rev = r.Key, r.Next, nil, record.NewRev()
	if _, err := rs.Write(ctx, p, was, r); err != nil {
		rs.Report.Warn("the next key works, but could not be made the current one: %v", err)
		return
	}
	rs.Report.Warn("APIM knows the key %q now, and it is the current one; "+
		"after an hour drop the old one: cgp-cred rotate %s --finish", r.ShownKID(r.Key), p.Name)
}

// CompleteChange makes a profile's file match its record, if the record is the one that the file announces, and drops
// the announcement. It ignores a keystore that can't be read: the next process that needs the record returns that
// error.
func (rs *Records) CompleteChange(ctx context.Context, p *profile.Profile) error {
	r, err := rs.ReadAt(ctx, p.Name, p.Location(), p.SignerSeal)
	if err != nil || p.ChangingTo == "" {
		return nil //nolint:nilerr // said by the next one that reads the record
	}
	before := *p
	if r.Rev == p.ChangingTo {
		if err := rs.Describe(p, r); err != nil {
			return err
		}
	}
	rs.Forget(ctx, &before)
	p.ChangingTo = ""
	return rs.Config.Save(p)
}
