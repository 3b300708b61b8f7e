package viewer

import (
	"errors"
	"net/http"
	"os"
	"path"
	"strings"

	"cgp-cred/keystore/disk"
	"cgp-cred/keystore/fault"
)

// CheckFolder refuses a folder that holds more than a viewer: a page in it could read all the rest, and use the API.
func CheckFolder(tree *disk.Tree, private ...string) error {
	for _, one := range private {
		if one != "" && tree.Holds(one) {
			const hint = "make a folder for the viewer and its data, and name that"
			return fault.New(fault.Usage, hint,
				"--root %s: it holds %s, which a page in it could read", tree.Path(), one)
		}
	}
	return nil
}

// files serves a folder.
type files struct {
	tree *disk.Tree
	warn func(text string)
}

const index = "index.html"

// ServeHTTP answers with a file. Its path has no slash at the beginning. A folder's answer is its index.html, and there
// is no list of files.
func (f *files) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	readOnly(f.file)(w, r)
}

func (f *files) file(w http.ResponseWriter, r *http.Request) {
	name := r.URL.Path
	folder, isFolder := strings.CutSuffix(name, "/")
	switch {
	case name == "":
		name = index
	case isFolder:
		name = folder + "/" + index
	case f.tree.Folder(name): // its page has links that begin there
		toFolder(w, path.Base(name))
		return
	}
	kind := typeOf(name)
	file, err := f.tree.Open(name, runs(kind))
	if err != nil {
		f.absent(w, name, err)
		return
	}
	defer file.Close() //nolint:errcheck // it was only read
	policy(w, openPolicy)
	send(w, r, file, kind)
}

// absent answers for what can't be opened.
func (f *files) absent(w http.ResponseWriter, name string, err error) {
	var unsafe *disk.UnsafeError
	if errors.As(err, &unsafe) {
		if f.warn != nil {
			f.warn(fault.OneLine(err))
		}
		refuse(w, http.StatusForbidden, "another user could have written this file: cgp-cred serve has said more")
		return
	}
	if path.Base(name) == index {
		refuse(w, http.StatusNotFound, "this folder has no index.html, and no list of files: add the name of a file")
		return
	}
	refuse(w, http.StatusNotFound, "the folder of --root has no such file")
}

// send sends a file, or the part of it that is asked for.
func send(w http.ResponseWriter, r *http.Request, file *os.File, kind string) {
	info, err := file.Stat()
	if err != nil {
		refuse(w, http.StatusInternalServerError, "the file can't be read")
		return
	}
	w.Header().Set("Content-Type", kind)
	http.ServeContent(w, r, "", info.ModTime(), file)
}
