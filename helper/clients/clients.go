// Package clients installs what programs in other languages need to ask cgp-cred for credentials: packages of Python, R
// and Node. They are in cgp-cred itself, so an installation needs no index and no network. A package is there as a
// whole or not at all, and what cgp-cred did not install stays as it is.
package clients

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io/fs"
	"path"
	"regexp"
	"strings"
	"unicode/utf8"

	"cgp-cred/keystore/fault"
)

// Installer is the text of the file INSTALLER in each package that cgp-cred writes. pip does not change such a package,
// and cgp-cred changes no other.
const Installer = "cgp-cred"

// Package is what the packages are made for.
type Package struct {
	Program string // cgp-cred's absolute path, which they run; empty: the one on PATH
	Version string // as cgp-cred prints it
}

// file is one file of a package.
type file struct {
	path string // below the folder, with slashes
	data []byte
}

// sources returns the files of a folder of an embedded file system, without that folder in their paths.
func sources(fsys fs.FS, folder string) ([]file, error) {
	var out []file
	err := fs.WalkDir(fsys, folder, func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		data, err := fs.ReadFile(fsys, name)
		out = append(out, file{strings.TrimPrefix(name, folder+"/"), data})
		return err
	})
	return out, err
}

// fill replaces a text that is in a file once, and is there to be replaced.
func fill(files []file, name, old, text string) error {
	for i, f := range files {
		if f.path == name && bytes.Count(f.data, []byte(old)) == 1 {
			files[i].data = bytes.Replace(f.data, []byte(old), []byte(text), 1)
			return nil
		}
	}
	return fmt.Errorf("%s does not hold %q once", path.Base(name), old)
}

// program returns cgp-cred's path as a string constant: that of JSON is one of Python, R and JavaScript too.
func (p Package) program() (string, error) {
	if !utf8.ValidString(p.Program) {
		const hint = "move cgp-cred to a path that is UTF-8"
		return "", fault.New(fault.Usage, hint, "the path of cgp-cred, %q, is not UTF-8", p.Program)
	}
	var out bytes.Buffer
	e := json.NewEncoder(&out)
	e.SetEscapeHTML(false)
	if err := e.Encode(p.Program); err != nil {
		return "", err
	}
	return strings.TrimSpace(out.String()), nil
}

// release returns the parts of the version: 1.2.3, and for the fourth commit after it "4" and "gabc". It is 0.0.0 for a
// build without a version.
func (p Package) release() (version, commits, hash string) {
	described := regexp.MustCompile(`^v?([0-9]+\.[0-9]+\.[0-9]+)(?:-([0-9]+)-(g[0-9a-f]+))?(?:-dirty)?$`)
	m := described.FindStringSubmatch(p.Version)
	if m == nil {
		return "0.0.0", "", ""
	}
	return m[1], m[2], m[3]
}
