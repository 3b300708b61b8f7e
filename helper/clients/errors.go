package clients

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"

	"cgp-cred/keystore/fault"
)

// inTheWay returns the error of a file that another installer, or a user, put where one of the package's has to go. by
// is who installed the package that is there; empty: the file belongs to no package.
func inTheWay(path, by string) error {
	const hint = "remove it, or choose another folder: --target DIR"
	switch by {
	case "":
		return fault.New(fault.Usage, hint, "%q is in the way: it was not installed by cgp-cred", path)
	case "pip":
		return fault.New(fault.Usage, "remove it with pip: pip uninstall cgp-cred", "%q was installed by %q", path, by)
	}
	return fault.New(fault.Usage, hint, "%q was installed by %q", path, by)
}

// badRecord returns the error of a RECORD that can't be believed.
func badRecord(path, problem string) error {
	return fault.New(fault.Usage, "someone changed it: look at that folder, and remove the package by hand",
		"%q %s: nothing was removed", path, problem)
}

// badPython returns the error of an interpreter that is not there, can't be asked, or is too old.
func badPython(python, problem string) error {
	return fault.New(fault.Usage, "name a Python of 3.9 or later: --python /usr/bin/python3", "python %q: %s", python,
		problem)
}

// badHTTPie returns the error of an HTTPie whose interpreter can't be found.
func badHTTPie(problem string) error {
	return fault.New(fault.Usage, "name the Python that runs it: --httpie --python /usr/bin/python3", "httpie: %s",
		problem)
}

// whole gives an error of the system the whole path of a file below folder.
func whole(folder string, err error) error {
	var at *fs.PathError
	var link *os.LinkError
	switch {
	case errors.As(err, &at) && !filepath.IsAbs(at.Path):
		at.Path = filepath.Join(folder, filepath.FromSlash(at.Path))
	case errors.As(err, &link) && !filepath.IsAbs(link.New):
		link.New = filepath.Join(folder, filepath.FromSlash(link.New))
	}
	return err
}
