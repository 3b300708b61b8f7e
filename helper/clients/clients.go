// Package clients puts cgp-cred's Python package where an interpreter finds it: the files that pip would write, without
// pip, an index or a network.
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

// installed is the module that says where cgp-cred is; the one in the tree says nothing.
const installed = "cgp_cred/_installed.py"

// Package is the Python package as it is written for one cgp-cred.
type Package struct {
	Program string // cgp-cred's absolute path, which the package calls
	Version string // as cgp-cred prints it; turned into one that Python's packaging accepts
}

// file is one file of an installed package.
type file struct {
	path string // below the folder, with slashes
	data []byte
}

// files returns every file, RECORD the last.
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

// installed writes cgp-cred's path and version as Python. Strings of JSON are strings of Python too.
func (p Package) installed() ([]byte, error) {
	if !utf8.ValidString(p.Program) {
		return nil, fault.New(fault.Usage, "move it to one that Python can read",
			"the path of cgp-cred, %q, is not UTF-8", p.Program)
	}
	program, err := json.Marshal(p.Program)
	if err != nil {
		return nil, err
	}
	return fmt.Appendf(nil, "\"\"\"Written by cgp-cred clients install python.\"\"\"\n\nPROGRAM = %s\nVERSION = %q\n",
		program, p.version()), nil
}

// distInfo is the folder that tells Python's packaging of the package.
func (p Package) distInfo(name string) string {
	return path.Join("cgp_cred-"+p.version()+".dist-info", name)
}
