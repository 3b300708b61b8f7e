package records

import (
	"bytes"
	"context"
	"errors"
	"fmt"

	"cgp-cred/helper/profile"
	"cgp-cred/keystore"
	"cgp-cred/keystore/batch"
	"cgp-cred/keystore/fault"
	"cgp-cred/keystore/keychain"
	"cgp-cred/keystore/printable"
	"cgp-cred/keystore/record"
)

// ErrMismatch is in the chain of an error about a profile's file that differs from its record.
var ErrMismatch = errors.New("the profile's file differs from its record")

// Load reads p's record and compares the profile's file with it. If the file differs only in rev, a store was killed
// between its two writes: then Load writes the file again and updates p. Any other difference is [ErrMismatch].
func (rs *Records) Load(ctx context.Context, p *profile.Profile) (*record.Record, error) {
	s, err := rs.Source(p)
	if err != nil {
		return nil, err
	}
	return s.Load(ctx, p)
}

// Load is [Records.Load] from a source of p that is open.
func (s Source) Load(ctx context.Context, p *profile.Profile) (*record.Record, error) {
	if s.keystore == nil {
		return s.records.Environment.Record(p.Host)
	}
	r, err := s.Read(ctx, p.SignerSeal)
	if errors.Is(err, keystore.ErrNotFound) {
		return nil, gone(p, err)
	}
	if err != nil {
		return nil, err
	}
	if err := s.records.compare(p, r); err != nil {
		return nil, err
	}
	if p.Rev != r.Rev && !p.System {
		s.records.bringUpToDate(p, r.Rev)
	}
	return r, nil
}

// compare returns an error if p's file contradicts its record. The file only says where the record is. It must not send
// the credential to another host.
func (rs *Records) compare(p *profile.Profile, r *record.Record) error {
	for _, f := range []struct{ name, config, record string }{
		{"api_host", p.Host, r.Host},
		{"api_name", p.APIName, r.APIName},
		{"auth", p.Auth, r.Auth},
	} {
		if f.config == f.record {
			continue
		}
		if _, err := rs.Reload(p); errors.Is(err, ErrChanged) {
			return err // a store wrote both after the file was read and before the record was
		}
		hint := fmt.Sprintf("put %s back into the file, or give the credential again with cgp-cred store %s --force",
			printable.Shell(f.name+": "+f.record), p.Name)
		if p.System {
			hint = "only the system administrator changes this file; if the credential is yours, give it again: " +
				"cgp-cred store " + p.Name + " --force"
		}
		return &fault.Error{
			Class: fault.Usage, Err: ErrMismatch, Hints: []string{hint},
			What: fmt.Sprintf("%s: %s is %q, but the credential was stored for %q: nothing was sent",
				p.File, f.name, f.config, f.record),
		}
	}
	return nil
}

// gone returns the error of a profile whose record is not in the keystore.
func gone(p *profile.Profile, err error) error {
	where := "but the keychain holds no credential for it"
	if p.Keystore == profile.File || p.Keystore == profile.Exec {
		where = "but there is no credential for it " + p.Location().String()
	}
	hints := []string{
		keychain.Lost(),
		"or store the credential again: " + again(p),
	}
	var at *keystore.Error
	if p.Keystore != profile.Keychain && errors.As(err, &at) && at.Next != "" {
		hints[0] = at.Next
	}
	if job, ok := batch.Current(); ok && p.Keystore == profile.Keychain {
		hints = append(job.Carry(p.Name), hints...)
	}
	what := fmt.Sprintf("profile %q exists, %s", p.Name, where)
	return &fault.Error{Class: fault.None, Err: err, What: what, Hints: hints}
}

// again returns the command that makes a profile's lost record again, with the same method.
func again(p *profile.Profile) string {
	if p.Administered() {
		return "the system administrator does, with the program in " + p.File
	}
	if p.Auth != profile.JWT {
		return "cgp-cred store " + p.Name
	}
	return fmt.Sprintf("cgp-cred store %[1]s --private-key FILE --kid KID, or, with a new key: "+
		"cgp-cred keygen %[1]s --kid NEWKID", p.Name)
}

// Reload reads a profile's file again under the lock. The process that held the lock before may have changed the
// record, and with it the file that the cache is bound to. Host, API name, method and location must be unchanged,
// otherwise the error is [ErrChanged].
func (rs *Records) Reload(p *profile.Profile) (*profile.Profile, error) {
	if p.Keystore == profile.Environment {
		return p, nil
	}
	now, err := rs.Config.Load(p.Name)
	if err != nil {
		return nil, err
	}
	if now.Host != p.Host || now.APIName != p.APIName || now.Auth != p.Auth || !now.Location().Same(p.Location()) {
		return nil, Changed(p.Name)
	}
	return now, nil
}

// bringUpToDate writes a profile's file with its record's rev. It does nothing while a command changes the profile,
// because that command writes the file itself, and this older file would replace it. If the disk can't be written, it
// only warns: the next process writes the file.
func (rs *Records) bringUpToDate(p *profile.Profile, rev string) {
	release, ok := rs.Flight.TryChange(p.Name)
	if !ok {
		return
	}
	defer release()
	now, err := rs.Config.Load(p.Name)
	if errors.Is(err, profile.ErrNoProfile) || err == nil && !bytes.Equal(now.Bytes, p.Bytes) {
		return // another command has written or removed it meanwhile
	}
	after := *p
	after.Rev, after.ChangingTo = rev, ""
	if err := rs.Config.Save(&after); err != nil {
		rs.Report.Warn("the file of profile %q is older than its record, and can't be brought up to date: %v",
			p.Name, err)
		return
	}
	*p = after
}

// Profile reads a profile's file. If a change was killed before it wrote the file, Profile completes it first. A change
// that is still running completes itself.
func (rs *Records) Profile(name string) (*profile.Profile, error) {
	p, err := rs.Config.Load(name)
	if err != nil || p.ChangingTo == "" {
		return p, err
	}
	release, ok := rs.Flight.TryChange(name)
	if !ok {
		return p, nil
	}
	defer release()
	ctx, stop := context.WithTimeout(context.Background(), keystore.PatienceOrUsual())
	defer stop()
	if p, err = rs.Config.Load(name); err == nil {
		err = rs.CompleteChange(ctx, p)
	}
	return p, err
}
