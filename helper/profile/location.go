package profile

import (
	"fmt"
	"path/filepath"
	"slices"

	"cgp-cred/keystore/program"
)

// Location says where a profile's record is.
type Location struct {
	Kind     string   // Keychain, File, Program, or Memory
	Identity string   // of File: an age identity file's path; empty: a passphrase
	Command  []string // of Program: its argv
	Seal     string   // of Program: Command was given on this machine, see helper
}

// Copy is a place other than a profile's own that may have a copy of its record: a move began there or was going there,
// and was ended before its last step. The copy is to be removed.
type Copy struct {
	Location
	Rev      string // of the copy: a record with another rev is not it
	Replaced bool   // it was to take the place of another record, which is not known any more
}

// Location is where p's record is.
func (p *Profile) Location() Location {
	return Location{Kind: p.Keystore, Identity: p.Identity, Command: p.Command, Seal: p.Seal}
}

// Move makes it another place; the file is not written.
func (p *Profile) Move(to Location) {
	p.Keystore, p.Identity, p.Command, p.Seal = to.Kind, to.Identity, slices.Clone(to.Command), to.Seal
}

// Same reports whether two places are one, sealed or not.
func (p Location) Same(o Location) bool {
	return p.Kind == o.Kind && p.Identity == o.Identity && slices.Equal(p.Command, o.Command)
}

// Shares reports whether a record of one name in the two places is one record.
func (p Location) Shares(o Location) bool {
	if p.Kind == File && o.Kind == File { // the name of a file depends only on whether there is an identity
		return (p.Identity == "") == (o.Identity == "")
	}
	return p.Same(o)
}

// Check returns what is wrong with a place, or nil.
func (p Location) Check() error {
	if key, err := p.check(); err != nil {
		return fmt.Errorf("%s: %w", key, err)
	}
	return nil
}

// check also says which key of a profile's file is wrong.
func (p Location) check() (key string, err error) {
	switch {
	case p.Kind != Keychain && p.Kind != Memory && p.Kind != File && p.Kind != Exec:
		return "keystore", fmt.Errorf("%q is none of keychain, file and exec", p.Kind)
	case p.Identity != "" && p.Kind != File:
		return "keystore_identity", fmt.Errorf("keystore %q has none", p.Kind)
	case p.Identity != "" && !filepath.IsAbs(p.Identity):
		return "keystore_identity", fmt.Errorf("%q is not an absolute path", p.Identity)
	case len(p.Command) > 0 && p.Kind != Exec:
		return "keystore_command", fmt.Errorf("keystore %q has none", p.Kind)
	case p.Kind == Exec:
		return "keystore_command", program.Check(p.Command)
	}
	return "", nil
}

// String says where it is, for messages.
func (p Location) String() string {
	switch p.Kind {
	case File:
		return "in an encrypted file"
	case Exec:
		return "with the program " + p.Command[0]
	case Memory:
		return "in memory"
	}
	return "in the keychain"
}
