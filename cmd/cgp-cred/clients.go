package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"

	"github.com/spf13/cobra"

	"cgp-cred/helper/clients"
)

type clientsOptions struct {
	python    string // an interpreter's path or name; empty: python3
	target    string // a folder; empty: the interpreter's, or HTTPie's
	httpie    bool
	uninstall bool
}

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
	var o clientsOptions
	cmd := &cobra.Command{
		Use:   "install python",
		Short: "Write the Python package into an interpreter's site-packages",
		Long: `Write the Python package that asks cgp-cred for credentials: cgp_cred.requests.CGPAuth,
cgp_cred.httpx.CGPAuth, cgp_cred.cgpclient.CGPAuthProvider, and a plugin for HTTPie. It is in
this program: there is no download and no pip. It goes into the virtual environment of the
interpreter, otherwise into your own site-packages, never into the system's.`,
		Example: `  cgp-cred clients install python                      # for the python3 on PATH
  cgp-cred clients install python --python venv/bin/python
  cgp-cred clients install python --httpie             # the plugin: http -A cgp -a PROFILE URL`,
		Args:              words(1, 1),
		ValidArgsFunction: firstArg("python"),
		RunE: func(cmd *cobra.Command, args []string) error {
			if args[0] != "python" {
				return usage("cgp-cred clients install python", "there is no client for %s", quoted(args[0]))
			}
			return a.clientsInstall(cmd.Context(), o)
		},
	}
	f := cmd.Flags()
	f.StringVar(&o.python, "python", "", "the interpreter, a `PATH` or a name (default python3)")
	f.StringVar(&o.target, "target", "", "write into this `DIR` instead")
	f.BoolVar(&o.httpie, "httpie", false, "write into the plugins of HTTPie")
	f.BoolVar(&o.uninstall, "uninstall", false, "remove what was written")
	return cmd
}

func (a *app) clientsInstall(ctx context.Context, o clientsOptions) error {
	folder, whose, err := o.folder(ctx)
	if err != nil {
		return err
	}
	if o.uninstall {
		was, err := clients.Uninstall(folder)
		if err != nil {
			return err
		}
		if !was {
			a.say("cgp-cred installed nothing in " + folder)
			return nil
		}
		a.say("removed the package for " + whose + " from " + folder)
		return nil
	}
	program, err := ownPath()
	if err != nil {
		return err
	}
	if err := (clients.Package{Program: program, Version: thisBuild().Version}).Install(folder); err != nil {
		return err
	}
	a.say("installed the package for " + whose + " in " + folder)
	return nil
}

// folder returns the folder that the package goes into, and whose it is.
func (o clientsOptions) folder(ctx context.Context) (folder, whose string, err error) {
	if o.target != "" {
		if o.httpie || o.python != "" {
			return "", "", usage("cgp-cred clients install --help",
				"--target names the folder: leave --python and --httpie out")
		}
		folder, err = filepath.Abs(o.target)
		return folder, "programs with that folder on sys.path", err
	}
	python := o.python
	if o.httpie && python == "" {
		if python, err = clients.HTTPiePython(); err != nil {
			return "", "", err
		}
	}
	i, err := clients.Find(ctx, python)
	if err != nil {
		return "", "", err
	}
	whose = fmt.Sprintf("Python %d.%d, %s,", i.Version[0], i.Version[1], i.Executable)
	if o.httpie {
		return i.Plugins, "the HTTPie of " + whose, nil
	}
	return i.Packages, whose, nil
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
