package doctor

import (
	"context"
	"errors"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"

	"cgp-cred/helper/profile"
	"cgp-cred/keystore/disk"
	"cgp-cred/keystore/fault"
	"cgp-cred/keystore/printable"
)

// config checks the folders and files, and chooses the profile.
func (e *run) config(context.Context) Result {
	if e.NoFolders != nil {
		return fail(e.NoFolders)
	}
	if e.helper.Environment != nil {
		return e.environment()
	}
	c := e.helper.Config
	for _, folder := range []string{c.Folder, filepath.Join(c.Folder, "profiles")} {
		if err := checkFolder(folder); err != nil {
			return fail(err)
		}
	}
	p, source, err := c.Resolve(e.Ask)
	if err != nil {
		return fail(err)
	}
	e.profile = p
	if p.CAFile != "" {
		e.Roots = append(slices.Clone(e.Roots), Root{Name: p.File, File: p.CAFile})
	}
	reasons := map[profile.Source]string{
		profile.ByArgument: "as you named it", profile.ByEnvironment: "as CGP_CRED_PROFILE names it",
		profile.ByDefault: "the default", profile.Only: "the only one",
	}
	r := ok("profile %q for %s, method %s, %s", p.Name, profile.Target(p.Host, p.APIName), p.Auth, reasons[source])
	if p.System {
		r.Detail += ", from " + p.File
	}
	troubles, hints := e.configTroubles()
	if len(troubles) > 0 {
		r.State, r.Hint = Warn, strings.Join(hints, "\n")
		r.Detail += "; " + strings.Join(troubles, "; ")
	}
	return r
}

// environment checks a credential that the environment holds. It uses no file.
func (e *run) environment() Result {
	p, _, err := e.helper.Resolve(e.Ask)
	if err != nil {
		return fail(err)
	}
	e.profile = p
	return ok("the environment's credential for %s, method %s", profile.Target(p.Host, p.APIName), p.Auth)
}

// checkFolder checks a folder. A folder that does not exist yet is no error.
func checkFolder(path string) error {
	if err := disk.CheckFolder(path); !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

// ignored returns the error of a user's file that a system profile takes the place of.
func ignored(c profile.Config, p *profile.Profile) error {
	file := c.Ignored(p)
	if file == "" {
		return nil
	}
	return fault.New(fault.Usage, "to keep it, give it another name; otherwise: "+printable.Remove(file),
		"%s is not used: the system has a profile of this name, %s", printable.Text(file), p.File)
}

// configTroubles returns what is wrong in addition to the profile itself. Other commands will fail because of it.
func (e *run) configTroubles() (troubles, hints []string) {
	add := func(err error) {
		troubles = append(troubles, err.Error())
		hints = append(hints, hintsOf(err)...)
	}
	for _, folder := range slices.Compact([]string{e.helper.Folders.State, e.helper.Folders.Runtime}) {
		if err := checkFolder(folder); err != nil {
			add(err)
		}
	}
	names, err := e.helper.Config.Names()
	if err != nil {
		add(err)
	}
	for _, name := range names {
		p, err := e.helper.Config.Load(name)
		if err == nil {
			err = ignored(e.helper.Config, p)
		}
		if err != nil {
			add(err)
		}
	}
	def, err := e.helper.Config.Default()
	if err != nil {
		add(err)
	}
	if def != "" && !slices.Contains(names, def) {
		add(fault.New(fault.Usage, "choose another: cgp-cred store NAME --default",
			"the default profile %q does not exist", def))
	}
	return troubles, hints
}
