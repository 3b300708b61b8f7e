package helper

import (
	"fmt"
	"os"

	"cgp-cred/helper/apim"
	"cgp-cred/helper/profile"
	"cgp-cred/keystore/batch"
	"cgp-cred/keystore/fault"
	"cgp-cred/keystore/record"
)

// EnvironmentProfile is the name of the only profile if the environment holds a credential.
const EnvironmentProfile = "env"

// Resolve chooses the profile that the caller asks for. If the environment holds a credential, that is the only
// profile, and no other name is found.
func (h *Helper) Resolve(ask profile.Ask) (*profile.Profile, profile.Source, error) {
	ask, err := ask.Clean()
	if err != nil {
		return nil, "", err
	}
	p, source, err := h.resolve(ask)
	if err != nil && h.Environment == nil && fault.ClassOf(err) == fault.None {
		err = namingEmpty(err)
	}
	return p, source, err
}

// namingEmpty adds to the error of a missing credential the variables for one that are set and empty.
func namingEmpty(err error) error {
	empty := record.EmptyVariables(os.LookupEnv)
	if len(empty) == 0 {
		return err
	}
	hints := append([]string{record.HintEmpty}, fault.HintsOf(err)...)
	if _, job := batch.Current(); job { // it has no secrets of a CI system
		hints = hints[1:]
	}
	return &fault.Error{
		Class: fault.ClassOf(err), What: err.Error() + "; " + record.SetButEmpty(empty), Hints: hints, Err: err,
	}
}

func (h *Helper) resolve(ask profile.Ask) (*profile.Profile, profile.Source, error) {
	if h.Environment == nil {
		p, source, err := h.Config.Resolve(ask)
		if err != nil || p.ChangingTo == "" {
			return p, source, err
		}
		if _, err := h.Records().Profile(p.Name); err != nil {
			return nil, "", err
		}
		return h.Config.Resolve(ask) // it may cover other URLs now
	}
	p, err := environmentProfile(h.Environment)
	if err != nil {
		return nil, "", err
	}
	name := ask.Name
	if name == "" {
		name = ask.Env
	}
	if name != "" && name != EnvironmentProfile {
		return nil, "", &profile.NoProfileError{
			Name: name, Known: []string{EnvironmentProfile},
			Next: "the environment holds a credential, and that is the only profile: " +
				"unset the CGP_CRED_* variables for the others",
		}
	}
	return p, profile.ByEnvironment, p.CheckURL(ask)
}

// Scope returns the URL below which p's credential is good for every address, or "". See [profile.Config.Scope].
func (h *Helper) Scope(ask profile.Ask, p *profile.Profile) string {
	ask, err := ask.Clean()
	if err != nil {
		return ""
	}
	if h.Environment != nil {
		ask.Name = p.Name // there is no other profile
	}
	return h.Config.Scope(ask, p)
}

// Profiles returns all profiles.
func (h *Helper) Profiles() ([]*profile.Profile, error) {
	if h.Environment != nil {
		p, err := environmentProfile(h.Environment)
		return []*profile.Profile{p}, err
	}
	names, err := h.Config.Names()
	if err != nil {
		return nil, err
	}
	var all []*profile.Profile
	for _, name := range names {
		p, err := h.Config.Load(name)
		if err != nil {
			return nil, err
		}
		all = append(all, p)
	}
	return all, nil
}

// Default returns the default profile's name, or "".
func (h *Helper) Default() (string, error) {
	if h.Environment != nil {
		return EnvironmentProfile, nil
	}
	return h.Config.Default()
}

// environmentProfile returns the profile of the environment's credential.
func environmentProfile(e *record.Environment) (*profile.Profile, error) {
	host, err := apim.ParseHost(e.Host)
	if err != nil {
		return nil, fmt.Errorf("CGP_CRED_HOST: %w", err)
	}
	if err := profile.CheckAPIName(e.APIName); err != nil {
		return nil, fault.New(fault.Usage, "for example genomic-data-access", "CGP_CRED_API_NAME: %v", err)
	}
	if e.TokenURL != "" {
		if err := apim.CheckTokenURL(e.TokenURL); err != nil {
			return nil, fault.New(fault.Usage, "unset it for the host's own", "CGP_CRED_TOKEN_URL: %v", err)
		}
	}
	return &profile.Profile{
		Name: EnvironmentProfile, Host: host, APIName: e.APIName, Auth: e.Auth(), Keystore: profile.Environment,
		Rev: "environment", File: "the environment", Bytes: e.Fingerprint(), Fleet: e.Fleet,
	}, nil
}
