package simulator

import (
	"encoding/json"
	"io"
	"mime"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

const htsgetJSON = "application/vnd.ga4gh.htsget.v1.3.0+json; charset=utf-8"

// Names of errors in the htsget specification.
const (
	htsgetNotFound          = "NotFound"
	htsgetUnsupportedFormat = "UnsupportedFormat"
	htsgetInvalidInput      = "InvalidInput"
	htsgetInvalidRange      = "InvalidRange"
	htsgetTooLarge          = "PayloadTooLarge"
)

// htsgetRefusal is an error of htsget; nil: none.
type htsgetRefusal struct{ name, message string }

func (h htsgetRefusal) answer() answer {
	status := http.StatusBadRequest
	switch h.name {
	case htsgetNotFound:
		status = http.StatusNotFound
	case htsgetTooLarge:
		status = http.StatusRequestEntityTooLarge
	}
	a := jsonAnswer(status, htsgetJSON, map[string]any{
		"htsget": map[string]string{"error": h.name, "message": h.message},
	})
	a.problem = h.name + ": " + h.message
	return a
}

// region is a part of a reference. Positions count from 0, and the end is not in it.
type region struct {
	reference  string
	start, end int64 // end < 0: the reference's end
}

// htsgetQuery is what a client wants of a file.
type htsgetQuery struct {
	format  string
	header  bool     // only the header
	regions []region // none: everything
}

// htsgetKind returns which of the two services a file belongs to, or nothing.
func htsgetKind(name string) string {
	switch {
	case strings.HasSuffix(name, ".bam"), strings.HasSuffix(name, ".cram"):
		return "reads"
	case strings.HasSuffix(name, ".vcf.gz"):
		return "variants"
	}
	return ""
}

// htsgetFormat returns the format of a file in the words of the specification.
func htsgetFormat(name string) string {
	switch {
	case strings.HasSuffix(name, ".bam"):
		return "BAM"
	case strings.HasSuffix(name, ".cram"):
		return "CRAM"
	}
	return "VCF"
}

// htsget answers for the htsget services: reads and variants.
func (s *Simulator) htsget(r *http.Request, rest string) answer {
	kind, id, ok := strings.Cut(rest, "/")
	switch {
	case !ok || kind != "reads" && kind != "variants":
		return htsgetRefusal{htsgetNotFound, "there is no such service"}.answer()
	case !reads(r) && r.Method != http.MethodPost:
		a := htsgetRefusal{htsgetInvalidInput, "the method is not allowed"}.answer()
		a.status = http.StatusMethodNotAllowed
		return a
	case id == "service-info":
		return serviceInfo("htsget", "1.3.0")
	}
	i, _, found := s.drsItem(id)
	index, indexed := item{}, false
	if found && htsgetKind(i.path) == kind {
		index, indexed = s.indexOf(i)
	}
	if !indexed {
		return htsgetRefusal{htsgetNotFound, "there are no such " + kind}.answer()
	}
	q, refused := readHtsgetQuery(r)
	if refused == nil && q.format != "" && q.format != htsgetFormat(i.path) {
		refused = &htsgetRefusal{htsgetUnsupportedFormat, "the file is not in this format"}
	}
	if refused != nil {
		return refused.answer()
	}
	return s.ticket(r, i, index, q)
}

// readHtsgetQuery reads the parameters of a GET from the query, and those of a POST from its JSON body.
func readHtsgetQuery(r *http.Request) (htsgetQuery, *htsgetRefusal) {
	if r.Method == http.MethodPost {
		return readHtsgetBody(r)
	}
	q, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil {
		return htsgetQuery{}, &htsgetRefusal{htsgetInvalidInput, "the query can't be read"}
	}
	for name, values := range q {
		if len(values) > 1 {
			return htsgetQuery{}, &htsgetRefusal{htsgetInvalidInput, "more than one " + strconv.QuoteToASCII(name)}
		}
	}
	p := htsgetParameters{
		Format: q.Get("format"), Class: q.Get("class"), Encryption: q.Get("encryptionScheme"),
		Tags: list(q.Get("tags")), NoTags: list(q.Get("notags")),
	}
	if q.Has("referenceName") || q.Has("start") || q.Has("end") {
		one := htsgetRegion{Reference: q.Get("referenceName")}
		var refused *htsgetRefusal
		if one.Start, refused = position(q, "start"); refused != nil {
			return htsgetQuery{}, refused
		}
		if one.End, refused = position(q, "end"); refused != nil {
			return htsgetQuery{}, refused
		}
		p.Regions = &[]htsgetRegion{one}
	}
	return p.check()
}

func list(s string) []string {
	if s == "" {
		return nil
	}
	return strings.Split(s, ",")
}

// position reads a position of the query: a 32-bit unsigned number, or nil if it is absent.
func position(q url.Values, name string) (*int64, *htsgetRefusal) {
	if !q.Has(name) {
		return nil, nil
	}
	n, err := strconv.ParseUint(q.Get(name), 10, 32)
	if err != nil {
		return nil, &htsgetRefusal{htsgetInvalidInput, name + " is not a position"}
	}
	signed := int64(n)
	return &signed, nil
}

// maxHtsgetBody is the largest JSON body of a request for a ticket, in bytes.
const maxHtsgetBody = 1 << 20

func readHtsgetBody(r *http.Request) (htsgetQuery, *htsgetRefusal) {
	if kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type")); err != nil || kind != "application/json" {
		return htsgetQuery{}, &htsgetRefusal{htsgetInvalidInput, "the body is not application/json"}
	}
	if r.URL.RawQuery != "" {
		return htsgetQuery{}, &htsgetRefusal{htsgetInvalidInput, "a POST has its parameters in the body"}
	}
	body, err := io.ReadAll(io.LimitReader(r.Body, maxHtsgetBody+1))
	if len(body) > maxHtsgetBody {
		return htsgetQuery{}, &htsgetRefusal{htsgetTooLarge, "the body is over 1 MiB"}
	}
	var p htsgetParameters
	if err != nil || json.Unmarshal(body, &p) != nil {
		return htsgetQuery{}, &htsgetRefusal{htsgetInvalidInput, "the body can't be read"}
	}
	if p.Regions != nil && len(*p.Regions) == 0 {
		return htsgetQuery{}, &htsgetRefusal{htsgetInvalidInput, "regions is empty"}
	}
	return p.check()
}

type htsgetParameters struct {
	Format     string          `json:"format"`
	Class      string          `json:"class"`
	Encryption string          `json:"encryptionScheme"`
	Tags       []string        `json:"tags"`
	NoTags     []string        `json:"notags"`
	Regions    *[]htsgetRegion `json:"regions"`
}

type htsgetRegion struct {
	Reference string `json:"referenceName"`
	Start     *int64 `json:"start"`
	End       *int64 `json:"end"`
}

// check refuses what the specification refuses. fields, tags and notags change nothing: a server may send more.
func (p htsgetParameters) check() (htsgetQuery, *htsgetRefusal) {
	refuse := func(name, message string) (htsgetQuery, *htsgetRefusal) {
		return htsgetQuery{}, &htsgetRefusal{name, message}
	}
	switch {
	case p.Class != "" && p.Class != "header":
		return refuse(htsgetInvalidInput, "class is not header")
	case p.Class != "" && p.Regions != nil:
		return refuse(htsgetInvalidInput, "class=header has no region")
	case p.Encryption != "":
		return refuse(htsgetUnsupportedFormat, "there is no encryption")
	case slices.ContainsFunc(p.Tags, func(t string) bool { return slices.Contains(p.NoTags, t) }):
		return refuse(htsgetInvalidInput, "a tag is in tags and notags")
	}
	q := htsgetQuery{format: p.Format, header: p.Class != ""}
	if p.Regions == nil {
		return q, nil
	}
	for _, one := range *p.Regions {
		got := region{reference: one.Reference, end: -1}
		if one.Start != nil {
			got.start = *one.Start
		}
		if one.End != nil {
			got.end = *one.End
		}
		switch {
		case one.Reference == "":
			return refuse(htsgetInvalidInput, "a region without referenceName")
		case one.Reference == "*" && (one.Start != nil || one.End != nil):
			return refuse(htsgetInvalidInput, "reads without a position have no start and end")
		case got.start < 0 || one.End != nil && got.end < 0:
			return refuse(htsgetInvalidInput, "a negative position")
		case one.End != nil && got.start > got.end:
			return refuse(htsgetInvalidRange, "start is after end")
		}
		q.regions = append(q.regions, got)
	}
	return q, nil
}
