package viewer

import (
	"errors"
	"io/fs"
	"net/url"
	"path"
	"path/filepath"
	"strings"

	"cgp-cred/helper/apim"
	"cgp-cred/keystore/disk"
	"cgp-cred/keystore/fault"
	"cgp-cred/keystore/printable"
)

// Genome is what tracks are drawn along. Its URLs are relative to the page's, or whole.
type Genome struct {
	ID     string `json:"id,omitempty"` // of the sequence, or of one of igv.js's genomes
	Known  bool   `json:"known,omitempty"`
	FASTA  string `json:"fastaURL,omitempty"`
	Index  string `json:"indexURL,omitempty"`
	Packed string `json:"compressedIndexURL,omitempty"`
	TwoBit string `json:"twoBitURL,omitempty"`

	outside []string // sources that the page asks for it
}

// Reference reads what a person gives as a reference: a URL of the API, a URL of another https server, a file of this
// machine, or the name of one of igv.js's genomes. For a file it returns its path too.
func (a API) Reference(text string) (g *Genome, local string, err error) {
	switch {
	case strings.Contains(text, "://"):
		if g, err := a.sequence(text); err == nil {
			return g, "", nil
		}
		g, err = a.elsewhere(text)
		return g, "", err
	case isSequence(text) || strings.ContainsAny(text, `/\`):
		return file(text)
	case !isName(text):
		return nil, "", fault.New(fault.Usage, referenceHint,
			"--reference %s: it is neither a URL, nor a file, nor a name", printable.Quote(text))
	}
	return &Genome{ID: text, Known: true, outside: genomeSources()}, "", nil
}

const referenceHint = "for example --reference genome.fa, with genome.fa.fai next to it, or --reference hg38"

// genomeSources are the places of igv.js's genomes: its list, the sequences, and the annotations.
func genomeSources() []string {
	return []string{
		"https://igv.org/genomes/", "https://raw.githubusercontent.com/igvteam/igv-data/",
		"https://hgdownload.soe.ucsc.edu", "https://genome-browser.s3.us-east-1.amazonaws.com",
		"https://igv-genepattern-org.s3.amazonaws.com", "https://s3.amazonaws.com/igv.org.genomes/",
		"https://s3.dualstack.us-east-1.amazonaws.com/igv.org.genomes/",
	}
}

// sequence reads a URL of the API's, for the page.
func (a API) sequence(line string) (*Genome, error) {
	u, err := a.locate(strings.TrimSpace(line))
	if err != nil {
		return nil, err
	}
	if !isSequence(u.Path) {
		return nil, fault.New(fault.Usage, "give the URL of a FASTA or 2bit file",
			"%s is no sequence: .fa, .fasta, .fna, each also with .gz, or .2bit", printable.Quote(path.Base(u.Path)))
	}
	return genome(path.Base(u.Path), func(ending string) string { return relative(withEnding(u, ending)) }), nil
}

// elsewhere reads a URL of another server. The page may ask for this file and its index there, and for nothing else.
func (a API) elsewhere(text string) (*Genome, error) {
	u, err := url.Parse(text)
	known := err == nil && u.Scheme == "https" && isSequence(u.Path)
	if known {
		_, known = apim.Authority(u)
	}
	if !known {
		return nil, fault.New(fault.Usage, referenceHint,
			"reference %s is neither a sequence at %s nor one at another https server", printable.Quote(text), a.root())
	}
	u.Fragment, u.RawFragment = "", ""
	g := genome(path.Base(u.Path), func(ending string) string { return withEnding(u, ending).String() })
	for _, one := range []string{g.FASTA, g.Index, g.Packed, g.TwoBit} {
		place, _, _ := strings.Cut(one, "?")
		if place != "" { // in a policy these two end the place
			g.outside = append(g.outside, strings.NewReplacer(";", "%3B", ",", "%2C").Replace(place))
		}
	}
	return g, nil
}

// file reads the path of a file.
func file(name string) (*Genome, string, error) {
	full, err := filepath.Abs(name)
	if err != nil {
		return nil, "", disk.Unreadable(err)
	}
	if !isSequence(full) {
		return nil, "", fault.New(fault.Usage, referenceHint,
			"--reference %s: its name does not end in .fa, .fasta, .fna or .2bit", printable.Quote(name))
	}
	base := filepath.Base(full)
	g := genome(base, func(ending string) string { return "sequence/" + url.PathEscape(base+ending) })
	for _, ending := range endings(base) {
		f, err := disk.OpenInput(full + ending)
		if errors.Is(err, fs.ErrNotExist) && ending != "" {
			return nil, "", fault.New(fault.Usage, printable.Shell("samtools", "faidx", full),
				"--reference %s: its index %s is missing", printable.Quote(name), printable.Quote(base+ending))
		}
		if err != nil {
			return nil, "", err
		}
		_ = f.Close()
	}
	return g, full, nil
}

// genome returns the genome of a sequence. The function gives the URL of the file with an ending more.
func genome(name string, at func(ending string) string) *Genome {
	g := &Genome{ID: name}
	for _, ending := range endings(name) {
		switch ending {
		case ".fai":
			g.Index = at(ending)
		case ".gzi":
			g.Packed = at(ending)
		default:
			g.FASTA = at("")
		}
	}
	if strings.HasSuffix(strings.ToLower(name), ".2bit") {
		g.FASTA, g.TwoBit = "", g.FASTA
	}
	return g
}

// endings returns what is added to a sequence's name for each file that it needs.
func endings(name string) []string {
	switch strings.ToLower(path.Ext(name)) {
	case ".2bit":
		return []string{""}
	case ".gz", ".bgz":
		return []string{"", ".fai", ".gzi"}
	}
	return []string{"", ".fai"}
}

// isSequence reports whether a name is that of a file with a sequence.
func isSequence(name string) bool {
	name = strings.ToLower(name)
	switch path.Ext(strings.TrimSuffix(strings.TrimSuffix(name, ".gz"), ".bgz")) {
	case ".fa", ".fasta", ".fna":
		return true
	}
	return strings.HasSuffix(name, ".2bit")
}

// isName reports whether a text can be the name of one of igv.js's genomes, such as hg38.
func isName(text string) bool {
	return text != "" && len(text) <= 64 && !strings.ContainsFunc(text, func(r rune) bool {
		return (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && (r < '0' || r > '9') && !strings.ContainsRune("._-", r)
	})
}
