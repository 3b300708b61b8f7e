package viewer_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"cgp-cred/helper/profile"
	"cgp-cred/helper/serve/viewer"
	"cgp-cred/keystore/fault"
)

const platform = "int.api.service.nhs.uk"

// api returns what a page may open of a profile for one API, or for all of a host.
func api(name string) viewer.API {
	p := &profile.Profile{Name: "int", Host: platform, APIName: name}
	return viewer.API{Scheme: "https", Host: p.Host, Name: name, Covers: p.Covers}
}

// A line that a person pastes leads to the API by the proxy, or it is refused.
func TestTrack(t *testing.T) {
	const gda = "../../genomic-data-access/"
	for _, c := range []struct{ line, want string }{
		{"https://int.api.service.nhs.uk/genomic-data-access/files/a.bam", "alignment bam " + gda + "files/a.bam " + gda + "files/a.bam.bai"},
		{" <https://INT.api.service.nhs.uk:443/genomic-data-access/a.bam> \r\n", "alignment bam " + gda + "a.bam " + gda + "a.bam.bai"},
		{`"int.api.service.nhs.uk/genomic-data-access/a.bam"`, "alignment bam " + gda + "a.bam " + gda + "a.bam.bai"},
		{"/genomic-data-access/a.bam", "alignment bam " + gda + "a.bam " + gda + "a.bam.bai"},
		{"genomic-data-access/A.BAM", "alignment bam " + gda + "A.BAM " + gda + "A.BAM.bai"},
		{"/genomic-data-access/a.bam /genomic-data-access/b.csi", "alignment bam " + gda + "a.bam " + gda + "b.csi"},
		{"/genomic-data-access/a.bam?x=1&y=2#frag", "alignment bam " + gda + "a.bam?x=1&y=2 " + gda + "a.bam.bai?x=1&y=2"},
		{"/genomic-data-access/a%20b%2Fc.bam", "alignment bam " + gda + "a%20b%2Fc.bam " + gda + "a%20b%2Fc.bam.bai"},
		{"/genomic-data-access/a:b.cram", "alignment cram " + gda + "a:b.cram " + gda + "a:b.cram.crai"},
		{"/genomic-data-access/a.vcf.gz", "variant vcf " + gda + "a.vcf.gz " + gda + "a.vcf.gz.tbi"},
		{"/genomic-data-access/a.g.vcf.bgz", "variant vcf " + gda + "a.g.vcf.bgz " + gda + "a.g.vcf.bgz.tbi"},
		{"/genomic-data-access/a.vcf", "variant vcf " + gda + "a.vcf whole"},
		{"/genomic-data-access/a.bed", " bed " + gda + "a.bed whole"},
		{"/genomic-data-access/a.bed.gz", " bed " + gda + "a.bed.gz whole"},
		{"/genomic-data-access/a.bed.gz /genomic-data-access/a.bed.gz.tbi", " bed " + gda + "a.bed.gz " + gda + "a.bed.gz.tbi"},
		{"/genomic-data-access/a.gff", " gff3 " + gda + "a.gff whole"},
		{"/genomic-data-access/a.bw", " bigwig " + gda + "a.bw"},
		{"/genomic-data-access/a.bigBed", " bigbed " + gda + "a.bigBed"},
		{"/genomic-data-access/ga4gh/htsget/v1.3/reads/id", "alignment bam " + gda + "ga4gh/htsget/v1.3/reads/id htsget"},
		{"/genomic-data-access/ga4gh/htsget/v1.3/reads/id?format=BAM&referenceName=chr1", "alignment bam " + gda + "ga4gh/htsget/v1.3/reads/id htsget"},
		{"htsget://int.api.service.nhs.uk/genomic-data-access/reads/id", "alignment bam " + gda + "reads/id htsget"},
		{"/genomic-data-access/ga4gh/htsget/v1.3/variants/a.vcf.gz", "variant vcf " + gda + "ga4gh/htsget/v1.3/variants/a.vcf.gz htsget"},
		{"/genomic-data-access/reads/a.cram", "alignment cram " + gda + "reads/a.cram " + gda + "reads/a.cram.crai"},

		{"", ""},
		{"   ", ""},
		{"a b c", ""},
		{"https://evil.example/genomic-data-access/a.bam", ""},
		{"https://int.api.service.nhs.uk.evil.example/genomic-data-access/a.bam", ""},
		{"https://int.api.service.nhs.uk@evil.example/genomic-data-access/a.bam", ""},
		{"https://user:pw@int.api.service.nhs.uk/genomic-data-access/a.bam", ""},
		{"https://evil.example\\@int.api.service.nhs.uk/genomic-data-access/a.bam", ""},
		{"http://int.api.service.nhs.uk/genomic-data-access/a.bam", ""},
		{"https://int.api.service.nhs.uk:8443/genomic-data-access/a.bam", ""},
		{"//evil.example/genomic-data-access/a.bam", ""},
		{"///genomic-data-access/a.bam", ""},
		{"javascript:alert(1)//a.bam", ""},
		{"data:text/html,a.bam", ""},
		{"file:///genomic-data-access/a.bam", ""},
		{"blob:https://int.api.service.nhs.uk/a.bam", ""},
		{"/genomic-data-access/../other/a.bam", ""},
		{"/genomic-data-access/%2e%2e/other/a.bam", ""},
		{"/genomic-data-access\\..\\a.bam", ""},
		{"/other/a.bam", ""},
		{"/genomic-data-accessible/a.bam", ""},
		{"./a.bam", ""},
		{"~/a.bam", ""},
		{`C:\data\a.bam`, ""},
		{"/_/root/a.bam", ""},
		{"https://int.api.service.nhs.uk/_/block/X/a.bam", ""},
		{"/genomic-data-access/a.txt", ""},
		{"/genomic-data-access/", ""},
		{"/genomic-data-access/a.bam.bai", ""},
		{"/genomic-data-access/a.bam https://evil.example/a.bai", ""},
		{"/genomic-data-access/htsget/reads/id /genomic-data-access/a.bai", ""},
		{"/genomic-data-access/htsget/reads/id?format=CRAM", ""},
		{"/genomic-data-access/%zz.bam", ""},
		{"/genomic-data-access/a\x00.bam", ""},
	} {
		got, err := api("genomic-data-access").Track(c.line)
		switch {
		case c.want == "" && (err == nil || fault.ClassOf(err) != fault.Usage || len(fault.HintsOf(err)) == 0):
			t.Errorf("%q: %+v, %v", c.line, got, err)
		case c.want == "":
		case err != nil:
			t.Errorf("%q: %v", c.line, err)
		case shape(got) != c.want:
			t.Errorf("%q: %s\nwant %s", c.line, shape(got), c.want)
		}
	}
}

// shape returns a track in one line.
func shape(t *viewer.Track) string {
	text := t.Type + " " + t.Format + " " + t.URL
	if t.Source != "" {
		text += " " + t.Source
	}
	if t.Index != "" {
		text += " " + t.Index
	}
	if t.Indexed != nil {
		text += " whole"
	}
	return text
}

// A page takes its own addresses too, by each name of this machine, and no other local ones.
func TestTrackOwnAddress(t *testing.T) {
	v, err := viewer.NewIGV(api(""), library(t), viewer.Start{})
	if err != nil {
		t.Fatal(err)
	}
	h := viewer.Options{IGV: v}.Handler("http://127.0.0.1:8765/SECRET")
	for line, want := range map[string]string{
		"http://127.0.0.1:8765/SECRET/x/a.bam":         "../../x/a.bam",
		"http://localhost:8765/SECRET/x/a.bam?y=1":     "../../x/a.bam?y=1",
		"http://[::1]:8765/SECRET/x/a.bam":             "../../x/a.bam",
		"http://127.0.0.1:8765/SECRET/_/root/a.bam":    "../../_/root/a.bam",
		"http://127.0.0.1:8765/OTHER/x/a.bam":          "",
		"http://127.0.0.1:8766/SECRET/x/a.bam":         "",
		"https://127.0.0.1:8765/SECRET/x/a.bam":        "",
		"http://127.0.0.2:8765/SECRET/x/a.bam":         "",
		"http://127.0.0.1:8765/SECRET/_/root/../x.bam": "",
		"http://127.0.0.1:8765/SECRETS/x/a.bam":        "",
		"http://127.0.0.1:8765/SECRET":                 "",
		"https://int.api.service.nhs.uk/any/a.bam":     "../../any/a.bam",
		"any/a.bam": "../../any/a.bam",
	} {
		w := httptest.NewRecorder()
		h.ServeHTTP(w, httptest.NewRequest(http.MethodPost, "/_/igv/track", strings.NewReader(line)))
		var got viewer.Track
		if err := json.Unmarshal(w.Body.Bytes(), &got); err != nil {
			t.Fatalf("%s: %v", line, err)
		}
		if got.URL != want || (w.Code == http.StatusOK) != (want != "") {
			t.Errorf("%s: %d %s, want %s", line, w.Code, got.URL, want)
		}
	}
}

func FuzzTrack(f *testing.F) {
	for _, line := range []string{
		"https://int.api.service.nhs.uk/genomic-data-access/a.bam", "/genomic-data-access/reads/id", "htsget://x/y", "//x/a.bam",
		"https://int.api.service.nhs.uk@x/a.bam b", "\\\\x\\a.bam", "/genomic-data-access/..;/a.vcf.gz",
	} {
		f.Add(line)
	}
	f.Fuzz(func(t *testing.T, line string) {
		got, err := api("genomic-data-access").Track(line)
		if err != nil {
			return
		}
		for _, u := range []string{got.URL, got.Index} {
			if u != "" && !strings.HasPrefix(u, "../../genomic-data-access/") || strings.ContainsAny(u, "\\#<>\"' \n") {
				t.Errorf("%q leads to %q", line, u)
			}
			path, _, _ := strings.Cut(strings.TrimPrefix(u, "../../"), "?")
			if strings.Contains("/"+path+"/", "/../") || strings.Contains("/"+path+"/", "/./") {
				t.Errorf("%q leads to %q", line, u)
			}
		}
	})
}
