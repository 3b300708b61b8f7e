package main

import (
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"cgp-cred/helper/clients"
	"cgp-cred/keystore/printable"
)

type nodeOptions struct {
	target    string // a folder of packages; empty: the project's node_modules
	uninstall bool
}

func clientsNodeCommand(a *app) *cobra.Command {
	var o nodeOptions
	cmd := &cobra.Command{
		Use:   "node",
		Short: "Write the Node package into your project",
		Long: `Write the Node package cgp-cred, which asks cgp-cred for credentials: cgpFetch, and hooks for axios,
undici and fhir-kit-client. It goes into the node_modules of the project in the current folder. npm
removes what package.json does not name; so if your project is to keep it, write it into a folder of
the project and add that to package.json, as the second example does.`,
		Example: `  cgp-cred clients install node                        # into node_modules
  cgp-cred clients install node --target vendor && npm install ./vendor/cgp-cred`,
		Args: words(0, 0),
		RunE: func(cmd *cobra.Command, _ []string) error {
			in, err := o.installation()
			if err != nil {
				return err
			}
			if err := a.do(in, o.uninstall); err != nil || o.uninstall {
				return err
			}
			a.say(o.next(in.place))
			if problem := clients.CheckNode(cmd.Context()); problem != "" {
				a.warn(problem)
			}
			return nil
		},
	}
	f := cmd.Flags()
	f.StringVar(&o.target, "target", "", "write into this `DIR` instead: a copy that finds cgp-cred on PATH")
	f.BoolVar(&o.uninstall, "uninstall", false, "remove what was written")
	return cmd
}

// next says what npm does with the package, or is to be told.
func (o nodeOptions) next(folder string) string {
	if o.target == "" {
		return "npm install removes it; to keep it: cgp-cred clients install node --target vendor"
	}
	return "add it to your project: " + printable.Shell("npm", "install", filepath.Join(folder, "cgp-cred"))
}

// installation returns where the package goes. A folder that is named may be shared with people who have cgp-cred at
// another path.
func (o nodeOptions) installation() (installation, error) {
	folder, err := target(o.target, "")
	if err != nil {
		return installation{}, err
	}
	if folder == "" {
		here, err := os.Getwd()
		if err != nil {
			return installation{}, err
		}
		if folder, err = clients.NodeModules(here); err != nil {
			return installation{}, err
		}
	}
	return installation{
		place: folder,
		whose: "Node",
		install: func(p clients.Package) error {
			if o.target != "" {
				p.Program = ""
			}
			return p.InstallNode(folder)
		},
		uninstall: clients.UninstallNode,
	}, nil
}
