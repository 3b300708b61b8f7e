package helper

import (
	"os"
	"time"

	"cgp-cred/helper/apim"
	"cgp-cred/helper/profile"
	"cgp-cred/keystore"
	"cgp-cred/keystore/agefile"
	"cgp-cred/keystore/disk"
	"cgp-cred/keystore/exec"
	"cgp-cred/keystore/fault"
	"cgp-cred/keystore/keychain"
	"cgp-cred/keystore/record"
	"cgp-cred/keystore/text"
)

// OpenOptions are the options of [Open]. The zero value is what the command does without flags.
type OpenOptions struct {
	CAFile  string                       // PEM roots to trust in addition to the system's; empty: CGP_CRED_CA_FILE
	Timeout time.Duration                // all attempts of one mint; 0: 25 s
	Unlock  *agefile.Unlocker            // gets passphrases; nil: as CGP_CRED_PASSPHRASE_FD or _FILE say
	Waiting func()                       // called if the keychain has not answered for two seconds; nil: not
	Warn    func(text string)            // nil: warnings are dropped
	Trace   func(level int, text string) // nil: silent
}

// Open returns a helper that uses the user's folders, the environment's credential, the keychain and the token
// endpoint, as the command does. It creates and contacts nothing. Its error is [disk.ErrNoHome], or says what is
// wrong with the CGP_CRED_* variables.
func Open(o OpenOptions) (*Helper, error) {
	environment, err := record.ReadEnvironment(os.Getenv)
	if err != nil {
		return nil, err
	}
	folders, err := disk.UserFolders()
	if err != nil && environment == nil { // a process that has its credential in the environment needs no home
		return nil, namingEmpty(err)
	}
	if o.Unlock == nil {
		o.Unlock, err = agefile.NewUnlocker(os.Getenv("CGP_CRED_PASSPHRASE_FD"), os.Getenv("CGP_CRED_PASSPHRASE_FILE"))
		if err != nil {
			return nil, err
		}
	}
	return &Helper{
		Config:      profile.Config{Folder: folders.Config, System: disk.SystemFolder()},
		Folders:     folders,
		Environment: environment,
		Keystore:    o.Keystore,
		External:    func(p profile.Location) (keystore.Keystore, error) { return o.external(folders, p) },
		APIM:        o.Client,
		Timeout:     o.Timeout,
		Warn:        o.Warn,
		Trace:       o.Trace,
	}, nil
}

// Keystore opens the keystore that a profile names.
func (o OpenOptions) Keystore(kind string) (keystore.Keystore, error) {
	if kind == profile.Memory {
		return nil, fault.New(fault.Usage, "cgp-cred logout, then store it again",
			"this profile's keystore was in the memory of a program that has ended")
	}
	return keychain.New(keychain.Options{Waiting: o.Waiting}), nil
}

// external opens a keystore that the user brings: encrypted files, or a program.
func (o OpenOptions) external(f disk.Folders, p profile.Location) (keystore.Keystore, error) {
	if p.Kind == profile.Exec {
		return exec.New(p.Command), nil
	}
	if f.Data == "" {
		return nil, &keystore.Error{
			Kind: keystore.ErrUnavailable, Detail: "there is no folder for encrypted files",
			Next: "set HOME or XDG_DATA_HOME to an absolute path",
		}
	}
	return agefile.New(o.files(f, p.Identity)), nil
}

func (o OpenOptions) files(f disk.Folders, identity string) agefile.Options {
	return agefile.Options{Folder: f.Data, State: f.State, Identity: identity, Unlocker: o.Unlock}
}

// ForgetPassphrase removes the cached passphrase that opens the user's encrypted files, and reports whether one was
// cached.
func ForgetPassphrase(f disk.Folders) (bool, error) {
	if f.Data == "" {
		return false, nil
	}
	return agefile.Forget(OpenOptions{Unlock: new(agefile.Unlocker)}.files(f, ""))
}

// CAFile returns the file that CGP_CRED_CA_FILE names, or "".
func CAFile() string {
	given := os.Getenv("CGP_CRED_CA_FILE")
	if file, err := text.Line("CGP_CRED_CA_FILE", given, text.Path); err == nil {
		return file
	}
	return given
}

// Client returns a client of the token endpoint, which also trusts the roots that the options and the environment add.
func (o OpenOptions) Client() (*apim.Client, error) {
	file := o.CAFile
	if file == "" {
		file = CAFile()
	}
	return &apim.Client{Roots: []string{file}, Warn: o.Warn}, nil
}
