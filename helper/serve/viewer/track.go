package viewer

import (
	"net/url"
	"path"
	"strings"

	"cgp-cred/keystore/fault"
	"cgp-cred/keystore/printable"
)

// API is what a page may open.
type API struct {
	Scheme string
	Host   string
	Name   string                // the path that everything is below; empty: any
	Covers func(u *url.URL) bool // as the profile does
	base   string                // of the server; empty: it is not known
}

// Track is what igv.js draws. Its URLs are relative to the page's.
type Track struct {
	Name    string `json:"name"`
	Type    string `json:"type,omitempty"` // empty: igv.js tells it from the format
	Format  string `json:"format"`
	Source  string `json:"sourceType,omitempty"`
	URL     string `json:"url"`
	Index   string `json:"indexURL,omitempty"`
	Indexed *bool  `json:"indexed,omitempty"` // nil: igv.js looks
}

// Track reads a line: the URL of the API's data, as the platform's documents have it, or the server's own, or only a
// path; after a space the URL of its index, if that has another name.
func (a API) Track(line string) (*Track, error) {
	words := strings.Fields(line)
	if len(words) == 0 || len(words) > 2 {
		return nil, fault.New(fault.Usage, "for example "+a.example(),
			"write the URL of a file, and after a space that of its index if it has another name")
	}
	u, err := a.locate(words[0])
	if err != nil {
		return nil, err
	}
	t, err := trackOf(u)
	if err != nil {
		return nil, err
	}
	if len(words) == 2 {
		i, err := a.locate(words[1])
		if err != nil {
			return nil, err
		}
		if t.Source != "" {
			return nil, fault.New(fault.Usage, "leave the second URL out", "htsget needs no index")
		}
		t.Index, t.Indexed = relative(i), nil
	}
	return t, nil
}

// trackOf tells what is at a URL from its path.
func trackOf(u *url.URL) (*Track, error) {
	t := &Track{Name: path.Base(u.Path), URL: relative(u)}
	name := strings.ToLower(t.Name)
	if kind := htsget(u); kind != "" {
		if strings.EqualFold(u.Query().Get("format"), "CRAM") {
			return nil, fault.New(fault.Usage, "ask for BAM, or for the CRAM file itself",
				"igv.js reads htsget only as BAM and VCF")
		}
		whole := *u
		whole.RawQuery = "" // igv.js adds its own
		t.URL, t.Source = relative(&whole), "htsget"
		t.Type, t.Format = "alignment", "bam"
		if kind == "variants" {
			t.Type, t.Format = "variant", "vcf"
		}
		return t, nil
	}
	packed := strings.HasSuffix(name, ".gz") || strings.HasSuffix(name, ".bgz")
	ext := path.Ext(strings.TrimSuffix(strings.TrimSuffix(name, ".gz"), ".bgz"))
	var indexEnd string
	switch {
	case ext == ".bam" && !packed:
		t.Type, t.Format, indexEnd = "alignment", "bam", ".bai"
	case ext == ".cram" && !packed:
		t.Type, t.Format, indexEnd = "alignment", "cram", ".crai"
	case ext == ".vcf":
		t.Type, t.Format = "variant", "vcf"
		if packed {
			indexEnd = ".tbi"
		}
	default:
		t.Format = feature(ext)
	}
	switch {
	case t.Format == "":
		return nil, fault.New(fault.Usage, "rename the file, or open it by htsget: .../reads/ID, .../variants/ID",
			"%s is not a name of a file that igv.js can draw: .bam, .cram, .vcf(.gz), .bed(.gz), .gff3(.gz), "+
				".gtf(.gz), .bedgraph(.gz), .bw, .bb, .seg", printable.Quote(t.Name))
	case indexEnd != "":
		t.Index = relative(withEnding(u, indexEnd))
	case t.Format != "bigwig" && t.Format != "bigbed":
		t.Indexed = new(bool)
	}
	return t, nil
}

// feature returns igv.js's name of a format by a file's ending, or nothing.
func feature(ext string) string {
	switch ext {
	case ".bed", ".gtf", ".seg", ".bedpe", ".wig", ".narrowpeak", ".broadpeak", ".bedgraph":
		return ext[1:]
	case ".bdg":
		return "bedgraph"
	case ".gff", ".gff3":
		return "gff3"
	case ".bw", ".bigwig":
		return "bigwig"
	case ".bb", ".bigbed":
		return "bigbed"
	}
	return ""
}

// htsget returns reads or variants if a URL is of htsget's (GA4GH htsget 1.3), otherwise nothing.
func htsget(u *url.URL) string {
	segments := strings.Split(strings.ToLower(u.EscapedPath()), "/")
	for i, s := range segments {
		inside := i < len(segments)-1 && segments[i+1] != "" && (s == "reads" || s == "variants")
		last := i == len(segments)-2 && feature(path.Ext(segments[i+1])) == "" && path.Ext(segments[i+1]) == ""
		if inside && (last || strings.Contains(u.Path, "/htsget/")) {
			return s
		}
	}
	return ""
}

// withEnding returns the URL of a file whose name has an ending more.
func withEnding(u *url.URL, ending string) *url.URL {
	more := *u
	more.Path += ending
	if more.RawPath != "" {
		more.RawPath += ending
	}
	return &more
}

// relative returns a URL of the API relative to the page's.
func relative(u *url.URL) string {
	there := "../../" + strings.TrimPrefix(u.EscapedPath(), "/")
	if u.RawQuery != "" {
		there += "?" + u.RawQuery
	}
	return there
}

// locate returns the URL at the API of a text: https://HOST/PATH, htsget://HOST/PATH, the server's own URL, HOST/PATH,
// or a path. Quotes and brackets around it are not of it.
func (a API) locate(text string) (*url.URL, error) {
	bare := strings.Trim(text, "<>\"'`,;()")
	below := a.Host + "/"
	switch {
	case strings.HasPrefix(strings.ToLower(bare), "htsget://"):
		bare = a.Scheme + bare[len("htsget"):]
	case strings.Contains(bare, "://"):
	case strings.HasPrefix(bare, "//"), strings.HasPrefix(bare, "~"), strings.HasPrefix(bare, "./"),
		strings.Contains(bare, "\\"):
		return nil, a.not(text)
	case len(bare) > len(below) && strings.EqualFold(bare[:len(below)], below):
		bare = a.Scheme + "://" + bare
	case bare != "":
		bare = a.Scheme + "://" + below + strings.TrimPrefix(bare, "/")
	}
	u, err := url.Parse(bare)
	if err != nil {
		return nil, a.not(text)
	}
	u.Fragment, u.RawFragment = "", ""
	own, mine := a.own(u)
	switch {
	case own:
		u = mine
		if strings.HasPrefix(u.Path, "/_/"+Files) && path.Clean(u.Path) == u.Path { // of the folder that is served
			return u, nil
		}
	case strings.HasPrefix(u.Path, "/_/"):
		return nil, a.not(text)
	}
	if !a.Covers(u) {
		return nil, a.not(text)
	}
	return u, nil
}

// own takes the server's address off a URL, by whichever name of this machine it has.
func (a API) own(u *url.URL) (bool, *url.URL) {
	base, err := url.Parse(a.base)
	if a.base == "" || err != nil || u.Scheme != base.Scheme || u.Port() != base.Port() {
		return false, u
	}
	switch u.Hostname() {
	case "127.0.0.1", "localhost", "::1":
	default:
		return false, u
	}
	rest, ok := strings.CutPrefix(u.EscapedPath(), base.Path+"/")
	if !ok {
		return false, u
	}
	there, err := url.Parse(a.Scheme + "://" + a.Host + "/" + rest)
	if err != nil {
		return false, u
	}
	there.RawQuery = u.RawQuery
	return true, there
}

func (a API) not(text string) error {
	return fault.New(fault.Usage, "for example "+a.example(), "%s is not a URL of %s", printable.Quote(text), a.root())
}

// root returns the URL that everything is below.
func (a API) root() string {
	if a.Name == "" {
		return a.Scheme + "://" + a.Host + "/"
	}
	return a.Scheme + "://" + a.Host + "/" + a.Name + "/"
}

func (a API) example() string { return a.root() + ".../sample.bam" }
