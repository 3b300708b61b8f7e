package main

import (
	"context"
	"fmt"
	"path/filepath"

	"github.com/spf13/cobra"

	"cgp-cred/helper/clients"
	"cgp-cred/keystore/printable"
)

type pythonOptions struct {
	python    string // an interpreter's path or name; empty: python3
	target    string // a folder; empty: the interpreter's, or HTTPie's
	httpie    bool
	uninstall bool
}

func clientsPythonCommand(a *app) *cobra.Command {
	var o pythonOptions
	cmd := &cobra.Command{
		Use:   "python",
		Short: "Write the Python package into an interpreter's site-packages",
		Long: `Write the Python package that asks cgp-cred for credentials: cgp_cred.requests.CGPAuth,
cgp_cred.httpx.CGPAuth, cgp_cred.cgpclient.CGPAuthProvider, and a plugin for HTTPie. It goes into
the virtual environment of the interpreter, otherwise into your own site-packages, never into the
system's.`,
		Example: `  cgp-cred clients install python                      # for the python3 on PATH
  cgp-cred clients install python --python venv/bin/python
  cgp-cred clients install python --httpie             # the plugin: http -A cgp -a PROFILE URL`,
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
	f.StringVar(&o.python, "python", "", "the interpreter, a `PATH` or a name (default python3)")
	f.StringVar(&o.target, "target", "", "write into this `DIR` instead")
	f.BoolVar(&o.httpie, "httpie", false, "write into the plugins of HTTPie")
	f.BoolVar(&o.uninstall, "uninstall", false, "remove what was written")
	return cmd
}

// installation returns where the package goes, and whose it is.
func (o pythonOptions) installation(ctx context.Context) (installation, error) {
	if o.target != "" {
		if o.httpie || o.python != "" {
			return installation{}, usage("cgp-cred clients install python --help",
				"--target names the folder: leave --python and --httpie out")
		}
		folder, err := filepath.Abs(o.target)
		return forPython(folder, "programs with that folder on sys.path"), err
	}
	python := o.python
	if o.httpie && python == "" {
		var err error
		if python, err = clients.HTTPiePython(); err != nil {
			return installation{}, err
		}
	}
	i, err := clients.Find(ctx, python)
	if err != nil {
		return installation{}, err
	}
	if o.httpie {
		return forPython(i.Plugins, "the HTTPie of "+named(i)), nil
	}
	if err := i.Searched(); err != nil && !o.uninstall {
		return installation{}, err
	}
	return forPython(i.Packages, named(i)), nil
}

func forPython(folder, whose string) installation {
	return installation{
		place:     folder,
		whose:     whose,
		install:   func(p clients.Package) error { return p.InstallPython(folder) },
		uninstall: clients.UninstallPython,
	}
}

// named returns the name of an interpreter in a message.
func named(i clients.Interpreter) string {
	return fmt.Sprintf("Python %d.%d, %s,", i.Version[0], i.Version[1], i.Executable)
}

func clientsCGPClientCommand(a *app) *cobra.Command {
	var python string
	var uninstall bool
	cmd := &cobra.Command{
		Use:   "cgpclient",
		Short: "Write the Python package next to the platform's own client",
		Long: `Write the Python package into the interpreter that has cgpclient, the Clinical Genomics Platform's
own client. Its commands then run without a key file: python3 -m cgp_cred.cgpclient list_files.`,
		Example: `  cgp-cred clients install cgpclient
  cgp-cred clients install cgpclient --python venv/bin/python`,
		Args: words(0, 0),
		RunE: func(cmd *cobra.Command, _ []string) error {
			i, err := clients.Find(cmd.Context(), python)
			if err == nil && !uninstall {
				err = i.RunsCGPClient()
			}
			if err != nil {
				return err
			}
			if err := a.do(forPython(i.Packages, named(i)), uninstall); err != nil || uninstall {
				return err
			}
			run := printable.Shell(i.Executable, "-m", "cgp_cred.cgpclient", "list_files", "--help")
			a.say("run its commands so: " + run)
			return nil
		},
	}
	f := cmd.Flags()
	f.StringVar(&python, "python", "", "the interpreter that has cgpclient, a `PATH` or a name (default python3)")
	f.BoolVar(&uninstall, "uninstall", false, "remove what was written")
	return cmd
}
