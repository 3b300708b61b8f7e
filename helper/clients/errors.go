package clients

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"

	"cgp-cred/keystore/fault"
)

// inTheWay returns the error for a file of another installer or of the user that has the path of one of the package's
// files. by is the installer of the existing package; empty: the file belongs to no package.
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

// badRecord returns the error for a RECORD that can't be trusted.
func badRecord(path, problem string) error {
	const hint = "the file was changed: look at that folder, and remove the package by hand"
	return fault.New(fault.Usage, hint, "%q %s: nothing was removed", path, problem)
}

// badPython returns the error for an interpreter that is missing, can't be run or is too old.
func badPython(python, problem string) error {
	const hint = "name Python 3.9 or later: --python /usr/bin/python3"
	return fault.New(fault.Usage, hint, "python %q: %s", python, problem)
}

// unsearched returns the error for an interpreter that would not find an installed package.
func unsearched(python, problem string) error {
	const hint = "make a virtual environment, and name its Python: --python venv/bin/python\n" +
		"or choose a folder, and add it to PYTHONPATH: --target DIR"
	return fault.New(fault.Usage, hint, "python %q would not find the package: %s", python, problem)
}

// badCGPClient returns the error for an interpreter without cgpclient.
func badCGPClient(python string) error {
	const hint = "name the Python that has it: --python venv/bin/python\n" +
		"or run it from its folder, with the package of: cgp-cred clients install python"
	return fault.New(fault.Usage, hint, "python %q has no cgpclient", python)
}

// badR returns the error for an R that is missing, can't be run or is too old.
func badR(program, problem string) error {
	const hint = "name the Rscript of R 4.0 or later: --rscript /usr/bin/Rscript"
	return fault.New(fault.Usage, hint, "R %q: %s", program, problem)
}

// badHTTPie returns the error for an HTTPie whose interpreter can't be found.
func badHTTPie(problem string) error {
	const hint = "name the Python that runs it: --httpie --python /usr/bin/python3"
	return fault.New(fault.Usage, hint, "httpie: %s", problem)
}

// whole returns a system error with the whole path of a file below folder.
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
