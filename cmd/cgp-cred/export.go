package main

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"cgp-cred/keystore/printable"
	"cgp-cred/keystore/record"
)

type exportOptions struct {
	profile string
	yes     bool // do not ask
	force   bool // print to a terminal too
	reader  bool // without keys
	out     result
}

func exportCommand(a *app) *cobra.Command {
	o := exportOptions{out: result{mode: modeSecret}}
	cmd := &cobra.Command{
		Use:   "export PROFILE",
		Short: "Print a profile's keys as one line, for a CI's secret store",
		Long: `Print a profile's API key and private key as one line, for the secret store of a CI system or a
container. There cgp-cred reads the line from CGP_CRED_BUNDLE, or from the file that
CGP_CRED_BUNDLE_FILE names, and does not touch a keychain. Anyone with the line has the keys: it
asks first, and does not print to a terminal. The file of --out only you can read.

With --reader the line has no key: it reads the token that a fleet shares (store --fleet), and can
never get one. A machine with the key keeps that token fresh: cgp-cred sink, or any get.`,
		Example: `  cgp-cred export ci --yes | gh secret set CGP_CRED_BUNDLE
  cgp-cred export hpc --reader --yes --out ~/reader`,
		Args: words(1, 1), ValidArgsFunction: a.profileArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			o.profile = args[0]
			return a.export(cmd.Context(), o)
		},
	}
	cmd.Flags().BoolVarP(&o.yes, "yes", "y", false, "do not ask")
	o.out.flag(cmd, "the line")
	cmd.Flags().BoolVar(&o.reader, "reader", false, "leave the keys out: it can only read a fleet's token")
	cmd.Flags().BoolVar(&o.force, "force", false, "print to a terminal too")
	return cmd
}

func (a *app) export(ctx context.Context, o exportOptions) error {
	if o.out.name == "-" && isTerminal(a.stdout) && !o.force {
		return usage("pipe it into the CI's own command, or add --force",
			"the keys would stay on the terminal's screen and in its history")
	}
	if err := o.out.check(); err != nil {
		return err
	}
	h, p, _, err := a.resolve(o.profile, "")
	if err != nil {
		return err
	}
	if o.reader && p.Fleet == "" {
		return usage("cgp-cred store "+printable.Shell(p.Name)+" --fleet file:///shared/folder",
			"profile %s shares no token, so there is nothing to read", quoted(p.Name))
	}
	if !o.yes {
		if !isTerminal(a.stdin) {
			return usage("add --yes", "stdin is not a terminal, so the export of %s can't be confirmed", p.Name)
		}
		what := "keys"
		if o.reader {
			what = "reader's key"
		}
		question := fmt.Sprintf("Print the %s of %s for %s? Anyone with that line has them.", what, p.Name, p.Host)
		if err := a.confirm(ctx, question); err != nil {
			return err
		}
	}
	r, err := h.Records().Load(ctx, p)
	if err != nil {
		return err
	}
	shared := *r
	shared.Fleet = p.Fleet
	if o.reader {
		reader, err := r.ReaderOf(p.Fleet)
		if err != nil {
			return err
		}
		shared = *reader
	}
	bundle, err := record.Bundle(&shared)
	if err != nil {
		return err
	}
	return a.write(o.out, append(bundle.Reveal(), '\n'))
}
