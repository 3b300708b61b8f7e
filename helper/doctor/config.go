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
	reasons := map[profile.Source]string{
		profile.ByArgument: "as you named it", profile.ByEnvironment: "as CGP_CRED_PROFILE names it",
		profile.ByDefault: "the default", profile.Only: "the only one",
	}
	r := ok("profile %q for %s, method %s, %s", p.Name, profile.Target(p.Host, p.APIName), p.Auth, reasons[source])
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
		if _, err := e.helper.Config.Load(name); err != nil {
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
