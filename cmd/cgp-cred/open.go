package main

import (
	"fmt"
	"os"
	"time"

	"golang.org/x/term"

	"cgp-cred/helper"
	"cgp-cred/helper/apim"
	"cgp-cred/helper/mint"
	"cgp-cred/helper/profile"
	"cgp-cred/keystore"
	"cgp-cred/keystore/agefile"
)

// open returns the helper for the user's folders. It creates no file and makes no connection.
func (a *app) open() (*helper.Helper, error) {
	if a.made != nil {
		return a.made, nil
	}
	o := a.openOptions()
	if a.passphraseFD != "" || a.passphraseFile != "" {
		u, err := agefile.NewUnlocker(a.passphraseFD, a.passphraseFile)
		if err != nil {
			return nil, err
		}
		o.Unlock = u
	}
	h, err := helper.Open(o)
	if err != nil {
		return nil, err
	}
	h.WaitingFor, h.Patience = a.waitingFor, a.patience()
	a.made = h
	return h, nil
}

// patience returns how long a mint waits while the token endpoint throttles. Without --timeout a job waits until the
// quota's minute is over, and a user at a terminal for the usual time.
func (a *app) patience() time.Duration {
	if a.timeout.Duration() == 0 && (a.patient || !isTerminal(a.stderr)) {
		return mint.Patience
	}
	return 0
}

// openOptions returns the options that the flags set.
func (a *app) openOptions() helper.OpenOptions {
	return helper.OpenOptions{
		CAFile: a.caFile, Timeout: a.timeout.Duration(), Waiting: a.waiting, Warn: a.warn, Trace: a.trace,
	}
}

// keystore opens a keystore by its kind.
func (a *app) keystore(kind string) (keystore.Keystore, error) { return a.openOptions().Keystore(kind) }

// client returns the client of the token endpoint.
func (a *app) client() (*apim.Client, error) { return a.openOptions().Client() }

// waiting tells a user at a terminal why nothing happens.
func (a *app) waiting() {
	if isTerminal(a.stderr) {
		a.say("waiting for the system keychain to be unlocked")
	}
}

// resolve chooses the profile from a command's arguments: a name, a URL, both, or neither.
func (a *app) resolve(name, url string) (*helper.Helper, *profile.Profile, profile.Source, error) {
	h, err := a.open()
	if err != nil {
		return nil, nil, "", err
	}
	p, source, err := h.Resolve(profile.Ask{Name: name, URL: url, Env: os.Getenv("CGP_CRED_PROFILE")})
	if err == nil && a.verbose > 0 {
		a.trace(1, fmt.Sprintf("profile %q for %s, method %s, chosen by %s", p.Name, p.Host, p.Auth, source))
	}
	return h, p, source, err
}

// isTerminal reports whether a stream is a terminal.
func isTerminal(stream any) bool {
	if out, ok := stream.(*output); ok {
		stream = out.to
	}
	f, ok := stream.(*os.File)
	return ok && term.IsTerminal(int(f.Fd())) // a descriptor fits an int
}

// completeProfiles completes profile names from the config folder. A keychain could ask for its password.
func (a *app) completeProfiles() []string {
	h, err := a.open()
	if err != nil {
		return nil
	}
	names, err := h.Config.Names()
	if err != nil {
		return nil
	}
	return names
}
