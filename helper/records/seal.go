package records

import (
	"crypto/fips140"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"cgp-cred/helper/fleet"
	"cgp-cred/helper/profile"
	"cgp-cred/keystore/fault"
	"cgp-cred/keystore/printable"
	"cgp-cred/keystore/record"
	"cgp-cred/keystore/sealing"
	"cgp-cred/keystore/signer"
)

// notGiven returns the error of a command in a profile's file, or in a record outside the keychain, that was never
// given on this machine. A keystore command would receive the record with the next change. A signer command would let
// a planted record run a program.
func notGiven(name string, argv []string, signs bool) error {
	what, kind, flag := "keystore_command", "--keystore", "--keystore-command"
	if signs {
		what, kind, flag = "signer command", "--signer", "--signer-command"
	}
	return &fault.Error{
		Class: fault.Usage, Err: signer.ErrNotGiven, Hints: []string{giveIt(name, argv, kind, flag)},
		What: fmt.Sprintf("profile %q: its %s %q was not given on this machine, and is not run",
			name, what, joined(argv)),
	}
}

// notListed returns the error of a command that signs for a record, and that the system's file of the profile lacks.
func notListed(name, file string, argv []string) error {
	return &fault.Error{
		Class: fault.Usage, Err: signer.ErrNotGiven,
		Hints: []string{"the system administrator adds it to signer_commands in " + file},
		What:  fmt.Sprintf("profile %q: its signer command %q is not in %s, and is not run", name, joined(argv), file),
	}
}

// giveIt returns the hint that says how to give a command.
func giveIt(name string, argv []string, kind, flag string) string {
	if fips140.Enforced() {
		return "run the command without GODEBUG=fips140=only: " +
			"with it cgp-cred can't read which commands were given"
	}
	return "if it is yours: " + printable.Shell("cgp-cred", "store", name, kind, "exec", flag, joined(argv))
}

// Seals mark the commands that the user gave on this machine. Only a program that has the machine's sealing key can
// make one.
type Seals struct{ Folder string } // of the sealing key

// Seals returns the seals of this machine.
func (rs *Records) Seals() Seals { return Seals{Folder: rs.Folders.State} }

func joined(argv []string) string { return strings.Join(argv, " ") }

// Seal marks a program's command as one that the user gave.
func (s Seals) Seal(name string, place profile.Location) (profile.Location, error) {
	if place.Kind != profile.Exec {
		return place, nil
	}
	var err error
	place.Seal, err = s.sealText("keystore command", commandSeal(name, place), nil)
	return place, err
}

// Sealed reports whether the command of a place was given on this machine for the profile.
func (s Seals) Sealed(name string, place profile.Location) bool {
	_, ok := s.unsealText(commandSeal(name, place), place.Seal)
	return ok
}

func commandSeal(name string, place profile.Location) []byte {
	return []byte("cgp-cred keystore command\x00" + name + "\x00" + strings.Join(place.Command, "\x00"))
}

// SealFleet marks a fleet's URL as one that the user gave, if a program serves its store.
func (s Seals) SealFleet(name, url string) (string, error) {
	if !fleet.Runs(url) {
		return "", nil
	}
	return s.sealText("fleet", fleetSeal(name, url), nil)
}

// fleetGiven reports whether the fleet's URL was given on this machine for the profile.
func (s Seals) fleetGiven(p *profile.Profile) bool {
	_, ok := s.unsealText(fleetSeal(p.Name, p.Fleet), p.FleetSeal)
	return ok
}

func fleetSeal(name, url string) []byte { return []byte("cgp-cred fleet\x00" + name + "\x00" + url) }

// permit decides which of a record's signer programs may be run. A record in the keychain names only what the user
// stored there. A record from another keystore can be planted, so only the commands in the profile's seal, or in the
// system's file, are run for it.
func (s Seals) permit(name string, in profile.Location, seal string, r *record.Record) {
	r.Permit(func(argv []string) error {
		given := func(other []string) bool { return slices.Equal(other, argv) }
		if plantable(in.Kind) && in.System != "" {
			if in.Signs(argv) {
				return nil
			}
			return notListed(name, in.System, argv)
		}
		if !plantable(in.Kind) || slices.ContainsFunc(s.signers(name, seal), given) {
			return nil
		}
		return notGiven(name, argv, true)
	})
}

// plantable reports whether the records of a kind of keystore may have been made by another program.
func plantable(kind string) bool { return kind == profile.File || kind == profile.Exec }

// forRecord returns the seal for the profile's file: the commands that sign for a record and may be run. If the record
// goes to the keychain, a command that may not be run is an error, because from there it would be run.
func (s Seals) forRecord(p *profile.Profile, r *record.Record) (string, error) {
	given := [][]string{}
	for _, k := range r.Keys() {
		argv := signer.Command(k.Signer)
		if argv == nil {
			continue
		}
		err := signer.Permitted(k.Signer)
		switch {
		case err == nil:
			given = append(given, argv)
		case !plantable(p.Keystore):
			return "", err
		}
	}
	if len(given) == 0 || !plantable(p.Keystore) {
		return "", nil
	}
	return s.forCommands(p, given)
}

// forCommands returns a seal for commands that sign for p's record. It returns p's seal if that is for the same
// commands.
func (s Seals) forCommands(p *profile.Profile, given [][]string) (string, error) {
	slices.SortFunc(given, slices.Compare)
	given = slices.CompactFunc(given, slices.Equal)
	if slices.EqualFunc(given, s.signers(p.Name, p.SignerSeal), slices.Equal) {
		return p.SignerSeal, nil // a valid seal is kept, so the file does not change
	}
	list, err := json.Marshal(given)
	if err != nil {
		return "", err
	}
	return s.sealText("signer command", signerSeal(p.Name), list)
}

// Both returns a seal for the commands of p's seal and of seal.
func (s Seals) Both(p *profile.Profile, seal string) (string, error) {
	return s.forCommands(p, append(s.signers(p.Name, p.SignerSeal), s.signers(p.Name, seal)...))
}

// signers returns the commands in a profile's seal. It returns nil if the seal was made on another machine or for
// another profile.
func (s Seals) signers(name, seal string) [][]string {
	list, ok := s.unsealText(signerSeal(name), seal)
	if !ok {
		return nil
	}
	var given [][]string
	if json.Unmarshal(list, &given) != nil {
		return nil
	}
	return given
}

func signerSeal(name string) []byte { return []byte("cgp-cred signer commands\x00" + name) }

// sealText seals plain with this machine's key; what is for messages.
func (s Seals) sealText(what string, aad, plain []byte) (string, error) {
	sealer, err := sealing.Load(s.Folder)
	if err != nil {
		return "", fmt.Errorf("%s: %w", what, err)
	}
	return base64.RawURLEncoding.EncodeToString(sealer.Seal(aad, plain)), nil
}

func (s Seals) unsealText(aad []byte, seal string) (plain []byte, ok bool) {
	raw, err := base64.RawURLEncoding.DecodeString(seal)
	if err != nil || len(raw) == 0 {
		return nil, false
	}
	sealer, err := sealing.Load(s.Folder)
	if err != nil {
		return nil, false
	}
	plain, err = sealer.Open(aad, raw)
	return plain, err == nil
}
