package viewer

import (
	"embed"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/url"
	"path/filepath"
	"strings"

	"cgp-cred/keystore/disk"
	"cgp-cred/keystore/fault"
)

//go:embed page
var page embed.FS

// IGV is the page with igv.js. [NewIGV] makes it.
type IGV struct {
	api     API
	library *Library
	loads   []*Track
	genome  *Genome // nil: the page asks
	locus   string
	local   string // path of the file of the genome's sequence; empty: it is not a file
}

// Start is what the page shows at first.
type Start struct {
	Reference string   // as [API.Reference] reads it; empty: the page asks
	Lines     []string // as [API.Track] reads them
	Locus     string   // as igv.js reads it: chr1:1000-2000, or a gene of a genome that it knows; empty: everything
}

// NewIGV returns a page.
func NewIGV(api API, library *Library, start Start) (*IGV, error) {
	v := &IGV{api: api, library: library, locus: start.Locus, loads: []*Track{}}
	for _, line := range start.Lines {
		t, err := api.Track(line)
		if err != nil {
			return nil, err
		}
		v.loads = append(v.loads, t)
	}
	if start.Reference == "" {
		return v, nil
	}
	var err error
	v.genome, v.local, err = api.Reference(start.Reference)
	return v, err
}

// Asks returns the hosts that the page asks for the genome; empty: only the API.
func (v *IGV) Asks() string {
	if v.genome == nil {
		return ""
	}
	return strings.Join(v.genome.outside, " ")
}

// settings is what the page is told.
type settings struct {
	Host    string   `json:"host"`
	Module  bool     `json:"module"` // igv.js is a module
	Genome  *Genome  `json:"genome,omitempty"`
	Tracks  []*Track `json:"tracks"`
	Locus   string   `json:"locus,omitempty"`
	Example string   `json:"example"`
}

// handler returns the handler of the page of a server at an address.
func (v *IGV) handler(base string) http.Handler {
	api := v.api
	api.base = base
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		policy(w, v.policy(base, r.Host))
		switch name := r.URL.Path; name {
		case "track", "genome":
			answer(w, r, func(line string) (any, error) {
				if name == "track" {
					return api.Track(line)
				}
				return api.sequence(line)
			})
		default:
			readOnly(v.get)(w, r)
		}
	})
}

func (v *IGV) get(w http.ResponseWriter, r *http.Request) {
	switch name := r.URL.Path; name {
	case "":
		v.embedded(w, "page.html")
	case "page.js", "page.css":
		v.embedded(w, name)
	case "igv.js":
		w.Header().Set("Content-Type", javascript)
		_, _ = w.Write(v.library.code)
	case "settings":
		tell(w, http.StatusOK, settings{
			Host: v.api.Host, Module: v.library.module, Genome: v.genome, Tracks: v.loads, Locus: v.locus,
			Example: v.api.example(),
		})
	default:
		v.file(w, r, name)
	}
}

func (v *IGV) embedded(w http.ResponseWriter, name string) {
	data, err := page.ReadFile("page/" + name)
	if err != nil {
		refuse(w, http.StatusInternalServerError, "the page is missing")
		return
	}
	w.Header().Set("Content-Type", typeOf(name))
	_, _ = w.Write(data) //nolint:gosec // a file of this package
}

// file answers with the genome's sequence or its index.
func (v *IGV) file(w http.ResponseWriter, r *http.Request, name string) {
	ending, ok := strings.CutPrefix(name, "sequence/"+filepath.Base(v.local))
	if v.local == "" || !ok || ending != "" && ending != ".fai" && ending != ".gzi" {
		refuse(w, http.StatusNotFound, "no page is here")
		return
	}
	file, err := disk.OpenInput(v.local + ending)
	if err != nil {
		refuse(w, http.StatusNotFound, "the file of --reference can't be read")
		return
	}
	defer file.Close() //nolint:errcheck // it was only read
	send(w, r, file, "application/octet-stream")
}

// policy lets the page of a server at an address, which is called by the name host, run only its own scripts and
// igv.js, and reach only this server and what --reference names. A script that the API has is not run. igv.js writes
// styles, makes pictures, and unpacks CRAM by WebAssembly.
func (v *IGV) policy(base, host string) string {
	scripts, reach := "'self'", "'self'"
	if u, err := url.Parse(base); err == nil && !strings.HasPrefix(host, "[") { // a policy has no IPv6 addresses
		scripts = "http://" + host + u.Path + "/_/" + Page
	}
	if outside := v.Asks(); outside != "" {
		reach += " " + outside
	}
	return "default-src 'none'; script-src " + scripts + " 'wasm-unsafe-eval'; style-src 'self' 'unsafe-inline'; " +
		"img-src 'self' data: blob:; connect-src " + reach + "; " +
		"base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
}

// maxLine is the size of the longest line that the page sends.
const maxLine = 16 << 10

// answer reads a line, and answers what it means.
func answer(w http.ResponseWriter, r *http.Request, read func(line string) (any, error)) {
	if r.Method != http.MethodPost {
		w.Header().Set("Allow", http.MethodPost)
		refuse(w, http.StatusMethodNotAllowed, "send a line with POST")
		return
	}
	line, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxLine))
	var means any
	if err != nil {
		err = errors.New("the line is too long")
	} else {
		means, err = read(string(line))
	}
	if err != nil {
		tell(w, http.StatusBadRequest, struct {
			Error string `json:"error"`
			Hint  string `json:"hint"`
		}{err.Error(), fault.HintOf(err, "")})
		return
	}
	tell(w, http.StatusOK, means)
}

// tell answers with JSON.
func tell(w http.ResponseWriter, status int, value any) {
	w.Header().Set("Content-Type", jsonType)
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(value)
}
