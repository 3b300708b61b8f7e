// Package profile reads and writes the config files and chooses a profile, by name or by URL. The files hold no secret
// and are not trusted: they only say which record to look for in the keystore.
package profile

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"cgp-cred/helper/apim"
	"cgp-cred/keystore/disk"
	"cgp-cred/keystore/fault"
	"cgp-cred/keystore/printable"
	"cgp-cred/keystore/record"
	"cgp-cred/keystore/text"
)

// Methods of authentication: the values of "auth" in a profile and in its record.
const (
	JWT    = record.JWT
	APIKey = record.APIKey
	None   = record.None
)

// Keystores a profile can name.
const (
	Keychain = "keychain" // the operating system's keychain
	File     = "file"     // a file that age encrypts
	Exec     = "exec"     // a program that the user chose
	Memory   = "memory"   // this process's memory, for the demo

	Environment = "environment" // environment variables; no file names it
)

// Profile is one file under profiles.
type Profile struct {
	Name     string
	Host     string // as apim.ParseHost returns it
	APIName  string // path prefix of the APIs that it covers; empty: all
	Auth     string
	Keystore string
	Rev      string // the record's rev, so that a changed record changes the file
	File     string // where it was read from
	Bytes    []byte // the file's content: cached tokens are bound to it

	// What is needed to open Keystore; see [Location].
	Identity string
	Command  []string
	Seal     string

	MovingFrom []Copy
	ChangingTo string // the rev of a record with another host, API name or method that was being stored

	SignerSeal string // shows which signer commands were given on this machine, see helper

	Fleet     string // URL of what the machines with this credential share; empty: nothing
	FleetSeal string // shows that Fleet was given on this machine, if a program serves it, see helper

	System         bool     // the system administrator keeps the file, and no user changes it
	SignerCommands []string // of a system profile: commands that may sign for a record of a program or in a file
	CAFile         string   // of a system profile: PEM roots to trust in addition to the system's; empty: none
}

// Config is where the config files are.
type Config struct {
	Folder string // the user's: cgp-cred below $XDG_CONFIG_HOME
	System string // the system administrator's: [disk.SystemFolder]; empty: none
}

// maxFile limits the size of a config file: most have about 120 bytes.
const maxFile = 64 << 10

// ErrNoProfile says that no profile has a name.
var ErrNoProfile = errors.New("no such profile")

// ErrDamaged says that a profile's file has no profile in it.
var ErrDamaged = errors.New("the profile's file is damaged")

// CheckName returns what is wrong with a profile's name, or nil. The name is also the account in the keystore, so a
// valid name needs no quotes anywhere.
func CheckName(name string) error {
	ok := name != "" && len(name) <= 64
	for i, r := range name {
		alnum := (r >= 'a' && r <= 'z') || (r >= '0' && r <= '9')
		ok = ok && (alnum || (i > 0 && strings.ContainsRune("._-", r)))
	}
	if !ok {
		problem := "it must be 1 to 64 of a-z 0-9 . _ - and begin with a letter or digit"
		if odd := text.Odd(name); odd != "" {
			problem += "; " + odd
		}
		return fault.New(fault.Usage, nameHint(name), "profile name %s: %s", printable.Quote(name), problem)
	}
	return nil
}

// nameHint returns the hint for what can't be a profile's name: a URL without its scheme, or a name in capitals.
func nameHint(name string) string {
	authority, _, _ := strings.Cut(name, "/")
	if host, err := apim.ParseHost(authority); err == nil && strings.ContainsAny(name, "/:") {
		return "a URL begins with https://, or http:// on this machine: " + printable.Shell(urlOf(host, name))
	}
	if lower := strings.ToLower(strings.TrimSpace(name)); lower != name && CheckName(lower) == nil {
		return "names are in lower case: " + lower
	}
	return "cgp-cred list"
}

// urlOf returns the URL that a text without a scheme was meant to be, without its path, which may name a patient.
func urlOf(host, text string) string {
	scheme, rest := "https://", ""
	if apim.Loopback(host) {
		scheme = "http://"
	}
	if strings.Contains(text, "/") {
		rest = "/..."
	}
	return scheme + host + rest
}

// Load reads one profile: the system's if there is one of that name, otherwise the user's. The error is ErrNoProfile if
// the profile has no file, and a [disk.UnsafeError] if other users can write the file. If the file can't be used, the
// error names it and the line.
func (c Config) Load(name string) (*Profile, error) {
	if err := CheckName(name); err != nil {
		return nil, err
	}
	if p, err := c.loadSystem(name); !errors.Is(err, fs.ErrNotExist) {
		return p, err
	}
	file := c.file(name)
	raw, err := read(file)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, &NoProfileError{Name: name, Known: c.knownNames(), Folder: c.looked()}
	}
	if err != nil {
		return nil, err
	}
	p := &Profile{Name: name, File: file, Keystore: Keychain}
	rows := p.rows()
	if err := parse(file, raw, rows); err != nil {
		return nil, p.damaged(err)
	}
	p.Bytes = raw
	if err := p.check(rows); err != nil {
		return p, p.damaged(err)
	}
	return p, nil
}

// DamagedCommand returns the keystore_command of a file that can't be used, or nil if it can't be read. It is only for
// messages: it is not certain that the user gave this command.
func (c Config) DamagedCommand(name string) []string {
	raw, err := read(c.file(name))
	if err != nil {
		return nil
	}
	var p Profile
	_ = parse(c.file(name), raw, p.rows())
	return p.Command
}

// read returns a config file's bytes. An absent file matches fs.ErrNotExist.
func read(file string) ([]byte, error) {
	raw, err := disk.ReadFile(file, maxFile)
	if at := (*fs.PathError)(nil); errors.As(err, &at) && !errors.Is(err, fs.ErrNotExist) {
		const hint = "check that its folder is yours, and that HOME or XDG_CONFIG_HOME is the right one\n"
		return nil, fault.Wrap(fault.Usage, hint+fault.HintOf(err, ""), file+": it can't be read", at)
	}
	return raw, err
}

// check refuses values that no command of cgp-cred writes. The rows, which may be nil, know the lines.
func (p *Profile) check(rows []row) error {
	bad := func(key, format string, args ...any) error {
		return badFile(p.File, lineOf(rows, key), format, args...)
	}
	host, err := apim.ParseHost(p.Host)
	switch {
	case err != nil:
		return bad("api_host", "api_host: %v", err)
	case host != p.Host:
		return bad("api_host", "api_host: write it as %s", host)
	case p.Auth != JWT && p.Auth != APIKey && p.Auth != None:
		return bad("auth", "auth: %q is not jwt, apikey or none", p.Auth)
	}
	for _, c := range p.MovingFrom {
		if err := c.Check(); err != nil {
			return bad("moving_from", "moving_from: %v", err)
		}
	}
	if key, err := p.Location().check(); err != nil {
		return bad(key, "%s: %v", key, err)
	}
	if key, err := p.checkSystem(); err != nil {
		return bad(key, "%s: %v", key, err)
	}
	if err := CheckAPIName(p.APIName); err != nil {
		return bad("api_name", "%v", err)
	}
	return nil
}

// Save writes p's file, atomically and durably, and sets its Bytes. The file of a system profile stays as it is.
func (c Config) Save(p *Profile) error { return c.SaveAfter(p, func() error { return nil }) }

// SaveAfter does as Save, and makes a change after the new file is on the disk but before it replaces the old one. So a
// file that can't be written is noticed before anything is changed. An error of the change is returned as it is.
func (c Config) SaveAfter(p *Profile, change func() error) error {
	if err := CheckName(p.Name); err != nil {
		return err
	}
	if p.System {
		return change()
	}
	p.File = c.file(p.Name)
	if err := p.check(nil); err != nil {
		return err
	}
	raw := []byte(encode(p.rows(), 0))
	if err := disk.WriteFileAfter(p.File, raw, change); err != nil {
		return err
	}
	p.Bytes = raw
	return nil
}

// Remove deletes a profile's file, and the default if it names the profile. It reports whether there was a file.
func (c Config) Remove(name string) (bool, error) {
	if err := CheckName(name); err != nil {
		return false, err
	}
	err := os.Remove(c.file(name))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return false, fmt.Errorf("removing profile %q: %w", name, disk.Unwritable(err))
	}
	existed := err == nil
	if _, err := disk.RemoveTemps(c.file(name)); err != nil {
		return existed, fmt.Errorf("removing profile %q: %w", name, err)
	}
	current, err := c.ownDefault()
	if err != nil || current != name {
		return existed, err
	}
	return existed, c.SetDefault("")
}

// Names returns the names of the profiles, sorted. It skips files whose name can't be a profile's.
func (c Config) Names() ([]string, error) {
	entries, err := disk.ReadDir(c.profiles())
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("listing profiles: %w", err)
	}
	names, err := c.systemNames()
	if err != nil {
		return nil, fmt.Errorf("listing profiles: %w", err)
	}
	own := profileNames(entries)
	if len(names) == 0 {
		return own, nil
	}
	names = append(names, own...)
	slices.Sort(names)
	return slices.Compact(names), nil
}

// profileNames returns the names of the profiles in a folder.
func profileNames(entries []fs.DirEntry) []string {
	var names []string
	for _, e := range entries {
		name, ok := strings.CutSuffix(e.Name(), ".yaml")
		if ok && CheckName(name) == nil {
			names = append(names, name)
		}
	}
	return names
}

// Default returns the profile that the user's config.yaml names, otherwise the system's, or nothing.
func (c Config) Default() (string, error) {
	name, err := c.ownDefault()
	if name != "" || err != nil || c.System == "" {
		return name, err
	}
	file := filepath.Join(c.System, configFile)
	raw, err := readSystem(file, maxFile)
	return defaultIn(file, raw, systemError(file, err))
}

// ownDefault returns the profile that the user's config.yaml names, or nothing.
func (c Config) ownDefault() (string, error) {
	file := filepath.Join(c.Folder, configFile)
	raw, err := read(file)
	return defaultIn(file, raw, err)
}

// configFile is the name of the file with the default profile.
const configFile = "config.yaml"

// defaultIn returns the default in a config.yaml that was read, with an error.
func defaultIn(file string, raw []byte, err error) (string, error) {
	if errors.Is(err, fs.ErrNotExist) {
		return "", nil
	}
	if err != nil {
		return "", err
	}
	var s settings
	rows := s.rows()
	if err := parse(file, raw, rows); err != nil {
		return "", err
	}
	if s.Default != "" && CheckName(s.Default) != nil {
		return "", badFile(file, lineOf(rows, "default"), "default: %q can't be a profile's name", s.Default)
	}
	return s.Default, nil
}

// SetDefault writes the default profile's name; an empty one removes it.
func (c Config) SetDefault(name string) error {
	s := settings{Default: name}
	file := filepath.Join(c.Folder, configFile)
	return disk.WriteFile(file, []byte(encode(s.rows(), 0)))
}

func (c Config) profiles() string { return filepath.Join(c.Folder, "profiles") }

// looked returns the folder that messages name; empty: the environment names no folder.
func (c Config) looked() string {
	if c.Folder == "" {
		return ""
	}
	return c.profiles()
}

func (c Config) file(name string) string { return filepath.Join(c.profiles(), name+".yaml") }

// knownNames returns the names of the profiles for messages, or nothing if they can't be listed.
func (c Config) knownNames() []string {
	names, err := c.Names()
	if err != nil {
		return nil
	}
	return names
}
