package profile

import (
	"fmt"
	"path/filepath"
	"slices"

	"cgp-cred/keystore/program"
)

// Place says where a profile's record is.
type Place struct {
	Kind     string   `yaml:"keystore"`                    // Keychain, File, Program, or Memory
	Identity string   `yaml:"keystore_identity,omitempty"` // of File: an age identity file's path; empty: a passphrase
	Command  []string `yaml:"keystore_command,omitempty"`  // of Program: its argv
	Seal     string   `yaml:"keystore_seal,omitempty"`     // of Program: Command was given on this machine, see helper
}

// Copy is a place other than a profile's own that may have a copy of its record: a move began there or was going there,
// and was ended before its last step. The copy is to be removed.
type Copy struct {
	Place    `yaml:",inline"`
	Rev      string `yaml:"rev"`                // of the copy: a record with another rev is not it
	Replaced bool   `yaml:"replaced,omitempty"` // it was to take the place of another record, which is not known any more
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

// Shares reports whether a record of one name in the two places is one record.
func (p Place) Shares(o Place) bool {
	if p.Kind == File && o.Kind == File { // the name of a file depends only on whether there is an identity
		return (p.Identity == "") == (o.Identity == "")
	}
	return p.Same(o)
}

// checkPlaces returns what is wrong with the places that a profile names.
func (p *Profile) checkPlaces() error {
	for _, c := range p.MovingFrom {
		if err := c.Check(); err != nil {
			return fmt.Errorf("moving_from: %w", err)
		}
	}
	return p.Place().Check()
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
