package main

import (
	"errors"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"cgp-cred/helper"
	"cgp-cred/helper/profile"
	"cgp-cred/keystore"
	"cgp-cred/keystore/batch"
	"cgp-cred/keystore/fault"
	"cgp-cred/keystore/printable"
	"cgp-cred/keystore/program"
)

// locationFlags set where a record is kept.
type locationFlags struct {
	kind     string // empty: not given
	identity string
	command  string
}

func (o *locationFlags) flags(cmd *cobra.Command) {
	f := cmd.Flags()
	f.StringVar(&o.kind, "keystore", "",
		"`WHERE` to keep it: keychain, file or exec; an existing record is moved (default for new profiles: keychain)")
	f.StringVar(&o.identity, "identity", "",
		"`FILE` of an age identity (age-keygen) that opens --keystore file, instead of a passphrase")
	f.StringVar(&o.command, "keystore-command", "",
		"`COMMAND` of --keystore exec: absolute path and arguments, split on spaces, not run through a shell")
}

// aboutPlaces is for the help of commands with these flags.
const aboutPlaces = `

On a machine without a keychain use --keystore file: see cgp-cred help keystores.`

// instead gives the error of a new profile without a keychain the hint that works here: the same command with an
// encrypted file.
func (a *app) instead(h *helper.Helper, name string, o locationFlags, err error) error {
	if o.kind != "" || !errors.Is(err, keystore.ErrUnavailable) {
		return err
	}
	if _, at := h.Config.Load(name); !errors.Is(at, profile.ErrNoProfile) {
		return err
	}
	command := printable.Shell(append([]string{"cgp-cred"}, append(slices.Clone(a.args), "--keystore",
		profile.File)...)...)
	hints := []string{"keep the keys in an encrypted file: " + command}
	var others []string // they need a profile
	if job, ok := batch.Current(); ok {
		others = job.Carry(name)
	}
	for _, hint := range fault.HintsOf(err) {
		if hint != keystore.FileInstead && !slices.Contains(others, hint) {
			hints = append(hints, hint)
		}
	}
	return fault.Of(fault.ClassOf(err), strings.Join(hints, "\n"), err)
}

// location returns the place that the flags name, or nil if they name none.
func (o locationFlags) location() (*profile.Location, error) {
	p := profile.Location{Kind: o.kind}
	switch o.kind {
	case "", profile.Keychain, profile.File, profile.Exec:
	default:
		return nil, usage("choose keychain, file or exec", "keystore %s is unknown", quoted(o.kind))
	}
	switch {
	case o.identity != "" && o.kind != profile.File:
		return nil, usage("add --keystore file", "--identity opens an encrypted file")
	case o.command != "" && o.kind != profile.Exec:
		return nil, usage("add --keystore exec", "--keystore-command is a program that keeps the record")
	case o.command == "" && o.kind == profile.Exec:
		return nil, usage(`for example --keystore-command "/usr/local/bin/cgp-cred-pass"`,
			"--keystore exec needs the program that keeps the record")
	case o.kind == "":
		return nil, nil
	}
	var err error
	if o.command != "" {
		if p.Command, err = program.Split(o.command); err != nil {
			return nil, err
		}
	}
	if o.identity != "" {
		if p.Identity, err = filepath.Abs(o.identity); err != nil {
			return nil, usage("give its absolute path", "--identity %s: %v", quoted(o.identity), err)
		}
	}
	return &p, nil
}
