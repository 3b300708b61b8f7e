// Package records finds, reads, checks and writes a profile's record, in any keystore, together with the profile's
// file.
package records

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"cgp-cred/helper/apim"
	"cgp-cred/helper/cache"
	"cgp-cred/helper/fleet"
	"cgp-cred/helper/flight"
	"cgp-cred/helper/profile"
	"cgp-cred/helper/report"
	"cgp-cred/keystore"
	"cgp-cred/keystore/disk"
	"cgp-cred/keystore/fault"
	"cgp-cred/keystore/printable"
	"cgp-cred/keystore/record"
	"cgp-cred/keystore/signer"
)

// Records gives access to the user's profiles and their records.
type Records struct {
	Config      profile.Config
	Folders     disk.Folders
	Environment *record.Environment                               // nil: keystores hold the credentials
	Keystore    func(kind string) (keystore.Keystore, error)      // opens the keychain, or the keystore in memory
	External    func(profile.Location) (keystore.Keystore, error) // opens a file or a program; nil: not supported
	Flight      *flight.Flight
	Report      report.To
	Now         func() time.Time
}

// ErrChanged is in the chain of an error about a profile that another command has changed.
var ErrChanged = errors.New("changed by another command")

// Changed returns the error of a profile that another command changed while this command waited for it, or between this
// command's read and its write.
func Changed(profile string) error {
	return &fault.Error{
		Class: fault.Temporary, Err: ErrChanged, Hints: []string{"run the command again"},
		What: fmt.Sprintf("profile %q was changed by another command meanwhile", profile),
	}
}

// NotWritten is [Changed] for a command that was about to write.
func NotWritten(profile string) error {
	e := Changed(profile)
	what := e.Error() + ": nothing was written"
	return &fault.Error{Class: fault.Temporary, Err: e, Hints: fault.HintsOf(e), What: what}
}

// Incomplete returns the error of a profile whose record lacks a part: "API key" or "private key".
func Incomplete(profile, missing string) error {
	hint := fmt.Sprintf("add it: cgp-cred keygen %s --kid KID, or cgp-cred store %s --private-key FILE --kid KID",
		profile, profile)
	if missing == "API key" {
		hint = "add it: " + strings.ReplaceAll(apim.StoreAPIKey, "{profile}", profile)
	}
	return fault.New(fault.None, hint, "profile %q has no %s yet", profile, missing)
}

// TokenURL returns where a record's tokens come from: its token URL, or its host's token endpoint.
func TokenURL(r *record.Record) string {
	if r.TokenURL != "" {
		return r.TokenURL
	}
	return apim.TokenURL(r.Host)
}

// SigningTime returns how much longer a mint takes for the keys outside the record. Each of them may wait for a
// touch, a PIN or a yes before the requests begin.
func SigningTime(r *record.Record) time.Duration {
	var all time.Duration
	for _, k := range r.Keys() {
		if signer.External(k.Signer) {
			all += keystore.PatienceOrUsual()
		}
	}
	return all
}

// Cache opens the token cache of p as its file is now.
func (rs *Records) Cache(p *profile.Profile) *cache.Cache {
	o := cache.Options{
		Profile: p.Name, Fingerprint: p.Bytes, State: rs.Folders.State,
		FileKey: rs.fileKey(p), Warn: rs.Report.Warning, Now: rs.Now,
	}
	switch p.Keystore {
	case profile.Environment:
		o.SealingKey = rs.Environment.SealingKey()
	case profile.Keychain, profile.Memory: // the others have no place for tokens
		if ks, err := rs.Keystore(p.Keystore); err == nil {
			o.Keychain = ks
		}
	}
	return cache.Open(o)
}

// Fleet returns what shares p's tokens with other machines, or nil. It contacts nothing.
func (rs *Records) Fleet(p *profile.Profile, r *record.Record) *fleet.Fleet {
	if p.Fleet == "" || p.Auth != profile.JWT {
		return nil
	}
	f, err := fleet.New(fleet.Options{
		URL: p.Fleet, Record: r, Where: TokenURL(r), Report: rs.Report, Now: rs.Now, Given: rs.FleetGiven(p),
	})
	if err != nil {
		rs.Report.Warn("profile %q shares no token with other machines: %v: "+
			"cgp-cred store %s --fleet URL gives it a key", p.Name, err, printable.Shell(p.Name))
		return nil
	}
	return f
}

// FleetGiven reports whether the fleet's URL was given on this machine: in the environment, with store, or by the
// system administrator.
func (rs *Records) FleetGiven(p *profile.Profile) bool {
	if p.Keystore == profile.Environment {
		return rs.Environment.FleetGiven
	}
	return p.System || rs.Seals().fleetGiven(p)
}

// Forget drops p's cached token. If that fails, the leftover entry is unreachable and expires with the token.
func (rs *Records) Forget(ctx context.Context, p *profile.Profile) {
	if p.Auth == profile.JWT {
		_ = rs.Cache(p).Delete(ctx)
	}
}
