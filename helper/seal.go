package helper

import (
	"crypto/fips140"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"cgp-cred/helper/profile"
	"cgp-cred/keystore"
	"cgp-cred/keystore/kernel"
	"cgp-cred/keystore/printable"
	"cgp-cred/keystore/signer"
)

// CommandError is a command in a profile's file, or in a record outside the keychain, that was never given on this
// machine. A keystore command would be handed the record with the next change; a signer command would let a planted
// record run a program.
type CommandError struct {
	Profile string
	Command []string
	Signer  bool // it signs; otherwise it keeps the record
}

func (e *CommandError) Error() string {
	what := "keystore_command"
	if e.Signer {
		what = "signer command"
	}
	return fmt.Sprintf("profile %q: its %s %q was not given on this machine, and is not run",
		e.Profile, what, strings.Join(e.Command, " "))
}

// Hint is how to give it.
func (e *CommandError) Hint() string {
	if fips140.Enforced() {
		return "run the command without GODEBUG=fips140=only, which does not let the commands that were given be read"
	}
	kind, flag := "--keystore", "--keystore-command"
	if e.Signer {
		kind, flag = "--signer", "--signer-command"
	}
	command := strings.Join(e.Command, " ")
	return "if it is yours: " + printable.Shell("cgp-cred", "store", e.Profile, kind, "exec", flag, command)
}

// seal marks a program's command as one that the user gave: only who has this machine's sealing key can.
func (h *Helper) seal(name string, place profile.Place) (profile.Place, error) {
	if place.Kind != profile.Program {
		return place, nil
	}
	var err error
	place.Seal, err = h.sealText("keystore command", commandSeal(name, place), nil)
	return place, err
}

func (h *Helper) sealed(name string, place profile.Place) bool {
	_, ok := h.unsealText(commandSeal(name, place), place.Seal)
	return ok
}

func commandSeal(name string, place profile.Place) []byte {
	return []byte("cgp-cred keystore command\x00" + name + "\x00" + strings.Join(place.Command, "\x00"))
}

// permit decides which programs that sign for a record are run. A record in the keychain names only what the user
// stored there. A record from another keystore can be planted: only the commands in the profile's seal are run for it.
func (h *Helper) permit(name string, in profile.Place, signers string, r *keystore.Record) {
	r.Permit(func(argv []string) error {
		given := func(other []string) bool { return slices.Equal(other, argv) }
		if !plantable(in.Kind) || slices.ContainsFunc(h.sealedSigners(name, signers), given) {
			return nil
		}
		return &CommandError{Profile: name, Command: argv, Signer: true}
	})
}

// plantable reports a keystore whose records may have been made elsewhere.
func plantable(kind string) bool { return kind == profile.File || kind == profile.Program }

// sealSigners returns the seal for the profile's file: the commands that sign for a record and may be run. If the
// record goes to the keychain, a command that may not be run is an error: there it would be.
func (h *Helper) sealSigners(p *profile.Profile, r *keystore.Record) (string, error) {
	given := [][]string{}
	for _, k := range keysOf(r) {
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
	slices.SortFunc(given, slices.Compare)
	given = slices.CompactFunc(given, slices.Equal)
	if slices.EqualFunc(given, h.sealedSigners(p.Name, p.SignerSeal), slices.Equal) {
		return p.SignerSeal, nil // a seal that is good stays, and the file with it
	}
	list, err := json.Marshal(given)
	if err != nil {
		return "", err
	}
	return h.sealText("signer command", signerSeal(p.Name), list)
}

// sealedSigners returns the commands in a profile's seal: none if it was made on another machine or for another
// profile.
func (h *Helper) sealedSigners(name, seal string) [][]string {
	list, ok := h.unsealText(signerSeal(name), seal)
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
func (h *Helper) sealText(what string, aad, plain []byte) (string, error) {
	sealer, err := kernel.OpenSealer(h.Folders.State)
	if err != nil {
		return "", fmt.Errorf("%s: %w", what, err)
	}
	return base64.RawURLEncoding.EncodeToString(sealer.Seal(aad, plain)), nil
}

func (h *Helper) unsealText(aad []byte, seal string) (plain []byte, ok bool) {
	raw, err := base64.RawURLEncoding.DecodeString(seal)
	if err != nil || len(raw) == 0 {
		return nil, false
	}
	sealer, err := kernel.OpenSealer(h.Folders.State)
	if err != nil {
		return nil, false
	}
	plain, err = sealer.Open(aad, raw)
	return plain, err == nil
}
