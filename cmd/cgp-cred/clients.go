package main

import (
	"os"
	"os/exec"
	"path/filepath"

	"github.com/spf13/cobra"

	"cgp-cred/helper/clients"
)

func clientsCommand(a *app) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "clients",
		Short: "Install what clients in other languages need",
		Args:  words(0, 0),
		RunE:  func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(clientsInstallCommand(a))
	return cmd
}

func clientsInstallCommand(a *app) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "install",
		Short: "Install a package for Python, R or Node",
		Long: `Install a package for a language. It is in this program: there is no download, and no pip or npm.
It is there as a whole or not at all, and replaces only what this command installed.`,
		RunE: func(_ *cobra.Command, args []string) error {
			if len(args) == 0 {
				return usage("cgp-cred clients install --help",
					"an argument is missing: cgp-cred clients install python, r, node or cgpclient")
			}
			return usage("cgp-cred clients install --help", "there is no client for %s", quoted(args[0]))
		},
	}
	cmd.AddCommand(clientsPythonCommand(a), clientsRCommand(a), clientsNodeCommand(a), clientsCGPClientCommand(a))
	return cmd
}

// installation is what the commands of all languages do.
type installation struct {
	place     string // the folder
	whose     string // the interpreter or program that loads the package
	install   func(p clients.Package) error
	uninstall func(folder string) (bool, error)
}

// do installs a package, or removes it.
func (a *app) do(in installation, uninstall bool) error {
	if uninstall {
		was, err := in.uninstall(in.place)
		if err != nil {
			return err
		}
		if !was {
			a.say("cgp-cred installed nothing in " + in.place)
			return nil
		}
		a.say("removed the package for " + in.whose + " from " + in.place)
		return nil
	}
	program, err := ownPath()
	if err != nil {
		return err
	}
	if err := in.install(clients.Package{Program: program, Version: thisBuild().Version}); err != nil {
		return err
	}
	a.say("installed the package for " + in.whose + " in " + in.place)
	return nil
}

// target returns the folder that --target names, as an absolute path, or the other one.
func target(named, other string) (string, error) {
	if named == "" {
		return other, nil
	}
	return filepath.Abs(named)
}

// ownPath returns the absolute path of this program. If PATH leads to it, that path is used: a link outlives an
// upgrade.
func ownPath() (string, error) {
	own, err := os.Executable()
	if err != nil {
		return "", err
	}
	linked, err := exec.LookPath("cgp-cred")
	if err != nil || !filepath.IsAbs(linked) {
		return own, nil
	}
	a, aerr := os.Stat(own)
	b, berr := os.Stat(linked)
	if aerr == nil && berr == nil && os.SameFile(a, b) {
		return linked, nil
	}
	return own, nil
}
