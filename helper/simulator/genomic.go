package simulator

import (
	"net/http"
	"net/url"
	"strings"
)

// genomicAPI is the name of the Genomic Data Access and Management API, in every path and in drs:// addresses.
const genomicAPI = "genomic-data-access"

// genomic answers for the Genomic Data Access and Management API. rest is the escaped path below its name.
func (s *Simulator) genomic(r *http.Request, rest string) answer {
	if below, ok := strings.CutPrefix(rest+"/", "FHIR/R4/"); ok {
		return s.fhir(r, below)
	}
	if below, ok := strings.CutPrefix(rest, "ga4gh/drs/v1.4/"); ok {
		return s.drs(r, below)
	}
	if below, ok := strings.CutPrefix(rest, "ga4gh/htsget/v1.3/"); ok {
		return s.htsget(r, below)
	}
	if rest == "upload-request" && r.Method == http.MethodPost {
		return s.uploadRequest(r)
	}
	if below, ok := strings.CutPrefix(rest, "files/"); ok && reads(r) {
		return s.plainFile(below)
	}
	return notFound()
}

// plainFile answers with a file at its own name, with its index next to it, as programs that open a URL look for it.
func (s *Simulator) plainFile(escaped string) answer {
	name, err := url.PathUnescape(escaped)
	if err != nil {
		return notFound()
	}
	i, err := s.library.stat(name)
	if err != nil {
		return notFound()
	}
	return s.fileAnswer(i, notFound)
}

// fileAnswer returns an answer with a file, or with missing if it can't be opened.
func (s *Simulator) fileAnswer(i item, missing func() answer) answer {
	f, err := s.library.open(i)
	if err != nil {
		a := missing()
		a.problem = "the file can't be opened"
		return a
	}
	a := answer{status: http.StatusOK, content: &content{file: f, size: i.size, modified: i.modified}}
	a.header("Content-Type", mimeOf(i.path))
	a.header("ETag", i.etag())
	return a
}

// byID returns the file with an ID, and the object that a client registered for it, if one did.
func (s *Simulator) byID(id string) (item, *drsObject, bool) {
	if i, object := s.uploads.item(func(g *grant) bool { return g.id == id }); object != nil {
		return i, object, true
	}
	i, err := s.library.byID(id)
	return i, nil, err == nil
}

// indexOf returns the index of a file, or false if it has none.
func (s *Simulator) indexOf(i item) (item, bool) {
	if i.data != nil {
		return s.uploads.index(i)
	}
	return s.library.index(i)
}

// origin returns scheme and authority that the client called.
func (s *Simulator) origin(r *http.Request) string {
	if s.config.BaseURL != "" {
		return s.config.BaseURL
	}
	if r.TLS != nil {
		return "https://" + r.Host
	}
	return "http://" + r.Host
}

// apiURL returns the address of a path below the API, as the client calls it.
func (s *Simulator) apiURL(r *http.Request, rest string) string {
	return s.origin(r) + "/" + genomicAPI + "/" + rest
}

// authority returns host and port that the client called.
func (s *Simulator) authority(r *http.Request) string {
	_, host, _ := strings.Cut(s.origin(r), "://")
	return host
}

// escapePath escapes each part of a path.
func escapePath(p string) string { return (&url.URL{Path: p}).EscapedPath() }

// callersCredential returns the header that the caller was accepted with, which servers copy into a ticket.
func callersCredential(r *http.Request) (name, value string) {
	if v := r.Header.Get("Authorization"); v != "" {
		return "Authorization", v
	}
	return "apikey", r.Header.Get("apikey")
}
