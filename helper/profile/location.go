package profile

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"cgp-cred/keystore/disk"
	"cgp-cred/keystore/printable"
	"cgp-cred/keystore/program"
)

// Location says where a profile's record is.
type Location struct {
	Kind     string   // Keychain, File, Exec or Memory
	Identity string   // of File: an age identity file's path; empty: a passphrase
	Command  []string // of Exec: the program's argv
	Seal     string   // of Exec: shows that Command was given on this machine, see helper

	System  string   // the system's file that names this place: its programs need no seal; empty: the user's file
	Signers []string // with System: the commands that may sign
}

// Copy is another location that may have a copy of a profile's record: a move from or to it did not reach its last
// step. The copy should be removed.
type Copy struct {
	Location
	Rev      string // of the copy: a record with another rev is not the copy
	Replaced bool   // the copy was to replace another record, which is no longer known
}

// Location returns where p's record is.
func (p *Profile) Location() Location {
	l := Location{Kind: p.Keystore, Identity: p.Identity, Command: p.Command, Seal: p.Seal}
	if p.System {
		l.System, l.Signers = p.File, p.SignerCommands
	}
	return l
}

// Move changes p's location. It does not write the file.
func (p *Profile) Move(to Location) {
	p.Keystore, p.Identity, p.Command, p.Seal = to.Kind, to.Identity, slices.Clone(to.Command), to.Seal
}

// Same reports whether two locations are the same. It ignores the seals.
func (p Location) Same(o Location) bool {
	return p.Kind == o.Kind && p.Identity == o.Identity && slices.Equal(p.Command, o.Command)
}

// Shares reports whether records with the same name in the two locations are one record.
func (p Location) Shares(o Location) bool {
	if p.Kind == File && o.Kind == File { // the name of a file depends only on whether there is an identity
		return (p.Identity == "") == (o.Identity == "")
	}
	return p.Same(o)
}

// Check returns what is wrong with a location, or nil.
func (p Location) Check() error {
	if key, err := p.check(); err != nil {
		return fmt.Errorf("%s: %w", key, err)
	}
	return nil
}

// check also returns which key of a profile's file is wrong.
func (p Location) check() (key string, err error) {
	switch {
	case p.Kind != Keychain && p.Kind != Memory && p.Kind != File && p.Kind != Exec:
		return "keystore", fmt.Errorf("%q is not keychain, file or exec", p.Kind)
	case p.Identity != "" && p.Kind != File:
		return "keystore_identity", fmt.Errorf("keystore %q can't have one", p.Kind)
	case p.Identity != "" && !filepath.IsAbs(p.Identity):
		return "keystore_identity", fmt.Errorf("%q is not an absolute path", p.Identity)
	case p.Identity != "" && disk.Descriptor(p.Identity):
		return "keystore_identity", fmt.Errorf("%q can be read only once, and each get needs it: name a file",
			p.Identity)
	case len(p.Command) > 0 && p.Kind != Exec:
		return "keystore_command", fmt.Errorf("keystore %q can't have one", p.Kind)
	case p.Kind == Exec:
		return "keystore_command", program.Check(p.Command)
	}
	return "", nil
}

// Flags returns the flags that name the location, for hints.
func (p Location) Flags() string {
	flags := "--keystore " + p.Kind
	if p.Identity != "" {
		flags += " --identity " + printable.Shell(p.Identity)
	}
	if p.Kind == Exec {
		flags += " --keystore-command " + printable.Shell(strings.Join(p.Command, " "))
	}
	return flags
}

// String returns the location for messages.
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
