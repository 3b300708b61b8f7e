// Package viewer serves pages from the origin of the proxy, so that they may use the API without CORS: the files of a
// folder that the user names, and a page with igv.js.
package viewer

import (
	"net/http"
	"net/url"
	"strings"

	"cgp-cred/keystore/disk"
	"cgp-cred/keystore/printable"
)

// Paths of the pages, below that of a server's pages, serve.Server.Pages.
const (
	Files = "root/" // the folder's
	Page  = "igv/"  // with igv.js
)

// Options says what is served.
type Options struct {
	Folder *disk.Tree        // nil: none
	IGV    *IGV              // nil: no page
	Warn   func(text string) // gets what the user should know; may be nil
}

// Handler returns the handler of pages of a server at an address, serve.Place.BaseURL.
func (o Options) Handler(base string) http.Handler {
	files := &files{tree: o.Folder, warn: o.Warn}
	var page http.Handler
	if o.IGV != nil {
		page = o.IGV.handler(base)
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		path := strings.TrimPrefix(r.URL.Path, "/_/")
		first, rest, slash := strings.Cut(path, "/")
		var h http.Handler
		switch {
		case first+"/" == Files && o.Folder != nil:
			h = files
		case first+"/" == Page && page != nil:
			h = page
		default:
			refuse(w, http.StatusNotFound, "no page is here")
			return
		}
		if !slash {
			toFolder(w, first)
			return
		}
		inner := r.Clone(r.Context())
		inner.URL.Path, inner.URL.RawPath = rest, ""
		h.ServeHTTP(w, inner)
	})
}

// toFolder leads to the same path with a slash at its end: links of the page there begin with it.
func toFolder(w http.ResponseWriter, name string) {
	policy(w, closedPolicy)
	w.Header().Set("Location", "./"+url.PathEscape(name)+"/")
	w.WriteHeader(http.StatusMovedPermanently)
}

// Security policies of what is served. The user's own page may do anything, but is never framed.
const (
	openPolicy   = "frame-ancestors 'none'; object-src 'none'; base-uri 'self'"
	closedPolicy = "default-src 'none'; frame-ancestors 'none'"
)

func policy(w http.ResponseWriter, text string) { w.Header().Set("Content-Security-Policy", text) }

// refuse answers with one line of text.
func refuse(w http.ResponseWriter, status int, text string) {
	policy(w, closedPolicy)
	http.Error(w, "cgp-cred: "+printable.Line(text), status)
}

// readOnly refuses all but GET and HEAD.
func readOnly(h http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodGet && r.Method != http.MethodHead {
			w.Header().Set("Allow", "GET, HEAD")
			refuse(w, http.StatusMethodNotAllowed, "it is only read")
			return
		}
		h(w, r)
	}
}
