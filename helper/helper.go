// Package helper obtains credentials: a cached token if there is a fresh one, otherwise a new one. One process at a
// time mints a new token, with the key in the keystore.
package helper

import (
	"time"

	"cgp-cred/helper/apim"
	"cgp-cred/helper/flight"
	"cgp-cred/helper/manage"
	"cgp-cred/helper/mint"
	"cgp-cred/helper/profile"
	"cgp-cred/helper/records"
	"cgp-cred/helper/report"
	"cgp-cred/keystore"
	"cgp-cred/keystore/disk"
	"cgp-cred/keystore/record"
)

// Helper obtains the credentials of one user. All fields are needed unless they say what their zero value means.
type Helper struct {
	Config      profile.Config
	Folders     disk.Folders
	Environment *record.Environment // nil: the keystore holds the credentials

	Keystore    func(kind string) (keystore.Keystore, error)      // opens the keystore that a profile names
	External    func(profile.Location) (keystore.Keystore, error) // opens a file or a program; nil: not supported
	NewKeystore string                                            // kind of a new profile's keystore; empty: keychain

	APIM    func() (*apim.Client, error) // made only when a token is minted
	Timeout time.Duration                // all attempts of one mint; 0: 25 s

	Patience    time.Duration // all attempts of one mint while the token endpoint throttles; 0: as Timeout
	RetryWindow time.Duration // within which a throttled mint asks again, if APIM does not say when; 0: 30 s

	Warn       func(text string)            // nil: warnings are dropped
	Trace      func(level int, text string) // nil: silent; 1: what happens, 2: details of requests
	Now        func() time.Time             // nil: time.Now
	WaitingFor func(where string)           // called if a key outside the record has not signed for 2 s; nil: not
}

func (h *Helper) report() report.To {
	return report.To{Warning: h.Warn, Detail: h.Trace}
}

func (h *Helper) clock() func() time.Time {
	if h.Now == nil {
		return time.Now
	}
	return h.Now
}

// Records returns the profiles and their records.
func (h *Helper) Records() *records.Records {
	return &records.Records{
		Config: h.Config, Folders: h.Folders, Environment: h.Environment, Keystore: h.Keystore, External: h.External,
		Flight: &flight.Flight{Folders: h.Folders, Report: h.report(), Now: h.clock()},
		Report: h.report(), Now: h.clock(),
	}
}

// Manage returns the manager that changes profiles.
func (h *Helper) Manage() *manage.Manager {
	return &manage.Manager{Records: h.Records(), NewKeystore: h.NewKeystore}
}

// Client returns a client of p's token endpoint. It also trusts the roots that the system's file of p names.
func (h *Helper) Client(p *profile.Profile) (*apim.Client, error) {
	c, err := h.APIM()
	if err == nil && p.CAFile != "" {
		c.Roots = append(c.Roots, p.CAFile)
	}
	return c, err
}

// Minter returns the minter that exchanges assertions for tokens.
func (h *Helper) Minter() mint.Minter {
	return mint.Minter{
		APIM: h.APIM, Timeout: h.Timeout, Patience: h.Patience, Window: h.RetryWindow,
		Now: h.clock(), WaitingFor: h.WaitingFor, Report: h.report(),
	}
}
