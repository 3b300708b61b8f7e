// Package clients installs cgp-cred's Python package into a folder that an interpreter searches. It writes the files
// that pip would write, without pip, an index or a network.
package clients

import (
	"embed"
	"encoding/json"
	"fmt"
	"io/fs"
	"path"
	"strings"
	"unicode/utf8"

	"cgp-cred/keystore/fault"
)

//go:embed python/cgp_cred/*.py python/cgp_cred/py.typed python/httpie_cgp.py
var python embed.FS

// installed is the module that names cgp-cred's path and version; the one in the source tree has no path.
const installed = "cgp_cred/_installed.py"

// Package is the Python package for one cgp-cred.
type Package struct {
	Program string // cgp-cred's absolute path, which the package calls
	Version string // as cgp-cred prints it; turned into one that Python's packaging accepts
}

// file is one file of an installed package.
type file struct {
	path string // below the folder, with slashes
	data []byte
}

// files returns all files of the package. The last one is RECORD.
func (p Package) files() ([]file, error) {
	var out []file
	err := fs.WalkDir(python, "python", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		data, err := python.ReadFile(name)
		out = append(out, file{strings.TrimPrefix(name, "python/"), data})
		return err
	})
	if err != nil {
		return nil, err
	}
	for i := range out {
		if out[i].path == installed {
			if out[i].data, err = p.installed(); err != nil {
				return nil, err
			}
		}
	}
	return p.withMetadata(out), nil
}

// installed returns cgp-cred's path and version as Python source. A JSON string is a Python string too.
func (p Package) installed() ([]byte, error) {
	if !utf8.ValidString(p.Program) {
		const hint = "move cgp-cred to a path that is UTF-8"
		return nil, fault.New(fault.Usage, hint, "the path of cgp-cred, %q, is not UTF-8", p.Program)
	}
	program, err := json.Marshal(p.Program)
	if err != nil {
		return nil, err
	}
	const module = "\"\"\"Written by cgp-cred clients install python.\"\"\"\n\nPROGRAM = %s\nVERSION = %q\n"
	return fmt.Appendf(nil, module, program, p.version()), nil
}

// distInfo returns the path of a file in the folder that describes the package to Python's packaging.
func (p Package) distInfo(name string) string {
	return path.Join("cgp_cred-"+p.version()+".dist-info", name)
}
