package main

import (
	"context"

	"github.com/spf13/cobra"

	"cgp-cred/helper/clients"
)

type rOptions struct {
	rscript   string // a path or a name; empty: Rscript
	target    string // a library; empty: the user's
	uninstall bool
}

func clientsRCommand(a *app) *cobra.Command {
	var o rOptions
	cmd := &cobra.Command{
		Use:   "r",
		Short: "Install the R package into your own library",
		Long: `Install the R package cgpcred, which asks cgp-cred for credentials: req_cgp() for httr2, cgp_token()
for httr, and more. R itself installs it, into the conda environment, otherwise into your own
library (R_LIBS_USER), never into the system's.`,
		Example: `  cgp-cred clients install r                           # for the Rscript on PATH
  cgp-cred clients install r --target renv/library/R-4.4/x86_64-pc-linux-gnu`,
		Args: words(0, 0),
		RunE: func(cmd *cobra.Command, _ []string) error {
			in, err := o.installation(cmd.Context())
			if err != nil {
				return err
			}
			return a.do(in, o.uninstall)
		},
	}
	f := cmd.Flags()
	f.StringVar(&o.rscript, "rscript", "", "the Rscript of the R to install for, a `PATH` or a name (default Rscript)")
	f.StringVar(&o.target, "target", "", "install into this library, a `DIR`, instead")
	f.BoolVar(&o.uninstall, "uninstall", false, "remove what was installed")
	return cmd
}

// installation returns where the package goes, and whose it is.
func (o rOptions) installation(ctx context.Context) (installation, error) {
	r, err := clients.FindR(ctx, o.rscript)
	if err != nil {
		return installation{}, err
	}
	library, err := target(o.target, r.Library)
	if err != nil {
		return installation{}, err
	}
	if library == "" {
		return installation{}, usage("name a library that R searches: --target DIR",
			"R %s names no library of its user: R_LIBS_USER is not set", r.Version)
	}
	return installation{
		place:     library,
		whose:     "R " + r.Version,
		install:   func(p clients.Package) error { return p.InstallR(ctx, r, library) },
		uninstall: clients.UninstallR,
	}, nil
}
