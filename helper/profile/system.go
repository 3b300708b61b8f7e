package profile

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"

	"cgp-cred/keystore/disk"
	"cgp-cred/keystore/fault"
	"cgp-cred/keystore/program"
)

// readSystem reads a file that only root, or an administrator of Windows, can have written.
var readSystem = disk.ReadSystem

// systemRows are the keys that only a system profile has.
func (p *Profile) systemRows() []row {
	return []row{
		{key: "signer_commands", value: &p.SignerCommands},
		{key: "ca_file", value: &p.CAFile},
	}
}

// loadSystem reads the profile that the system administrator keeps. An absent file matches fs.ErrNotExist. A file that
// can't be used is an error: the user's own file of that name must not take its place.
func (c Config) loadSystem(name string) (*Profile, error) {
	if c.System == "" {
		return nil, fs.ErrNotExist
	}
	file := filepath.Join(c.System, "profiles", name+".yaml")
	raw, err := readSystem(file, maxFile)
	if err != nil {
		return nil, systemError(file, err)
	}
	p := &Profile{Name: name, File: file, Keystore: Keychain, System: true}
	rows := slices.Concat(p.rows(), p.systemRows())
	if err := parse(file, raw, rows); err != nil {
		return nil, p.damaged(err)
	}
	// A copy of a user's file has these too, and they are only true for that user.
	p.Rev, p.Seal, p.SignerSeal, p.MovingFrom, p.ChangingTo = "", "", "", nil, ""
	p.Bytes = raw
	if err := p.check(rows); err != nil {
		return nil, p.damaged(err)
	}
	return p, nil
}

// systemError says that a file of the system is there and can't be read.
func systemError(file string, err error) error {
	at := (*fs.PathError)(nil)
	if !errors.As(err, &at) || errors.Is(err, fs.ErrNotExist) {
		return err
	}
	hint := askAdministrator(file)
	if errors.Is(err, syscall.EMFILE) || errors.Is(err, syscall.ENFILE) { // there may be no such file
		hint = fault.HintOf(err, hint)
	}
	return fault.Wrap(fault.Usage, hint, file+": it can't be read", at.Err)
}

// askAdministrator returns the hint for what only the system administrator can change.
func askAdministrator(file string) string { return "ask the system administrator, who keeps " + file }

// checkSystem checks the keys that only a system profile has.
func (p *Profile) checkSystem() (key string, err error) {
	for _, command := range p.SignerCommands {
		if _, err := program.Split(command); err != nil {
			return "signer_commands", err
		}
	}
	if p.CAFile != "" && !filepath.IsAbs(p.CAFile) {
		return "ca_file", fmt.Errorf("%q is not an absolute path", p.CAFile)
	}
	return "", nil
}

// Signs reports whether the system profile names a command that signs.
func (p Location) Signs(argv []string) bool {
	return slices.ContainsFunc(p.Signers, func(command string) bool {
		return slices.Equal(strings.Fields(command), argv)
	})
}

// Administered reports whether the system administrator keeps p's record too: p's program has it for all machines.
func (p *Profile) Administered() bool { return p.System && p.Keystore == Exec }

// systemNames returns the names of the files in the system's folder.
func (c Config) systemNames() ([]string, error) {
	if c.System == "" {
		return nil, nil
	}
	folder := filepath.Join(c.System, "profiles")
	entries, err := os.ReadDir(folder)
	if err != nil {
		if err = systemError(folder, err); errors.Is(err, fs.ErrNotExist) {
			return nil, nil
		}
		return nil, err
	}
	return profileNames(entries), nil
}

// Ignored returns the user's file that a system profile of the same name takes the place of, or "".
func (c Config) Ignored(p *Profile) string {
	if !p.System {
		return ""
	}
	if _, err := os.Lstat(c.file(p.Name)); err != nil {
		return ""
	}
	return c.file(p.Name)
}
