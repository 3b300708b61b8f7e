package helper

import (
	"os"
	"time"

	"cgp-cred/helper/apim"
	"cgp-cred/helper/profile"
	"cgp-cred/keystore"
	"cgp-cred/keystore/disk"
)

// OpenOptions say how a helper of [Open] works. The zero value is what the command does without flags.
type OpenOptions struct {
	CAFile  string                       // PEM roots to trust beside the system's; empty: CGP_CRED_CA_FILE
	Timeout time.Duration                // all attempts of one mint; 0: 25 s
	Waiting func()                       // nil, or called when the keychain has not answered for two seconds
	Warn    func(text string)            // nil: warnings are dropped
	Trace   func(level int, text string) // nil: silent
}

// Open finds the user's folders, the keychain and the token endpoint's client as the command does, the environment
// source too, and returns the helper that works with them. It creates and contacts nothing. Errors: [disk.ErrNoHome], or
// what is wrong with the CGP_CRED_* variables.
func Open(o OpenOptions) (*Helper, error) {
	environment, err := keystore.ReadEnvironment(os.Getenv)
	if err != nil {
		return nil, err
	}
	folders, err := disk.UserFolders()
	if err != nil && environment == nil { // with a credential of its own a process needs no home
		return nil, err
	}
	return &Helper{
		Config:      profile.Config{Folder: folders.Config},
		Folders:     folders,
		Environment: environment,
		Keystore:    o.Keystore,
		APIM:        o.Client,
		Timeout:     o.Timeout,
		Warn:        o.Warn,
		Trace:       o.Trace,
	}, nil
}

// EndedError is a profile of a program that kept its keys in memory and has ended.
type EndedError struct{}

func (e *EndedError) Error() string {
	return "the keystore of this profile ended with the program that made it"
}

// Hint is to begin anew.
func (e *EndedError) Hint() string { return "cgp-cred logout, then store it again" }

// Keystore opens the keystore that a profile names.
func (o OpenOptions) Keystore(kind string) (keystore.Keystore, error) {
	if kind == profile.Memory {
		return nil, &EndedError{}
	}
	return keystore.Keychain(keystore.KeychainOptions{Waiting: o.Waiting}), nil
}

// Client makes the client of the token endpoint, with the roots that options and environment add.
func (o OpenOptions) Client() (*apim.Client, error) {
	file := o.CAFile
	if file == "" {
		file = os.Getenv("CGP_CRED_CA_FILE")
	}
	h, err := apim.NewHTTP(file, os.Getenv("SSL_CERT_FILE"))
	if err != nil {
		return nil, err
	}
	return &apim.Client{HTTP: h}, nil
}
