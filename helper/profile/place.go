package profile

import (
	"fmt"
	"path/filepath"
	"slices"

	"cgp-cred/keystore/program"
)

// Place says where a profile's record is.
type Place struct {
	Kind     string   // Keychain, File, Program, or Memory
	Identity string   // of File: an age identity file of the user's, absolute; empty: a passphrase
	Command  []string // of Program: its argv
	Seal     string   // of Program: says that Command was given on this machine, see helper
}

// Place is where p's record is.
func (p *Profile) Place() Place {
	return Place{Kind: p.Keystore, Identity: p.Identity, Command: p.Command, Seal: p.Seal}
}

// Move makes it another place; the file is not written.
func (p *Profile) Move(to Place) {
	p.Keystore, p.Identity, p.Command, p.Seal = to.Kind, to.Identity, slices.Clone(to.Command), to.Seal
}

// Same reports whether two places are one, sealed or not.
func (p Place) Same(o Place) bool {
	return p.Kind == o.Kind && p.Identity == o.Identity && slices.Equal(p.Command, o.Command)
}

// Check returns what is wrong with a place, or nil.
func (p Place) Check() error {
	switch {
	case p.Kind != Keychain && p.Kind != Memory && p.Kind != File && p.Kind != Program:
		return fmt.Errorf("keystore: %q is none of keychain, file and exec", p.Kind)
	case p.Identity != "" && p.Kind != File:
		return fmt.Errorf("keystore_identity: keystore %q has none", p.Kind)
	case p.Identity != "" && !filepath.IsAbs(p.Identity):
		return fmt.Errorf("keystore_identity: %q is not an absolute path", p.Identity)
	case len(p.Command) > 0 && p.Kind != Program:
		return fmt.Errorf("keystore_command: keystore %q has none", p.Kind)
	case p.Kind == Program:
		if err := program.Check(p.Command); err != nil {
			return fmt.Errorf("keystore_command: %w", err)
		}
	}
	return nil
}

// String says where it is, for messages.
func (p Place) String() string {
	switch p.Kind {
	case File:
		return "in an encrypted file"
	case Program:
		return "with the program " + p.Command[0]
	case Memory:
		return "in memory"
	}
	return "in the keychain"
}
