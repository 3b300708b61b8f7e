package simulator_test

import (
	"bytes"
	"compress/gzip"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"cgp-cred/helper/simulator"
)

// The examples, by the IDs that they keep. What is in them was counted with samtools and bcftools.
const (
	bamID  = "5c815f83-66b5-81e8-bf6e-3d4fb1baa9f2"
	cramID = "26c7e028-8179-8c76-8898-19f540a2f610"
	vcfID  = "fb47f4ba-c0c8-82f2-a241-366e8e75f86e"

	sample  = "LP1000000-DNA_A01"
	genomic = "/genomic-data-access/"
	drs     = genomic + "ga4gh/drs/v1.4/"
	htsget  = genomic + "ga4gh/htsget/v1.3/"

	bucketHost = "https://bucket.example.test"
)

// newGenomic returns a simulator with a second host, and a header that it accepts.
func newGenomic(c *clock, change func(*simulator.Config)) (*simulator.Simulator, []string) {
	s := newSimulator(c, change)
	s.SetBucketURL(bucketHost)
	return s, []string{"apikey", apiKey}
}

// follow gets a link to the second host; headers in pairs.
func follow(s *simulator.Simulator, method, link string, headers ...string) reply {
	r := httptest.NewRequest(method, link, nil)
	for i := 0; i+1 < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	return serve(s.Bucket(), r)
}

// example returns the bytes of an example file.
func example(t testing.TB, name string) []byte {
	t.Helper()
	b, err := os.ReadFile("data/" + name)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// link returns a link to the data of an object.
func link(t *testing.T, s *simulator.Simulator, id string) string {
	t.Helper()
	got := call(s, "GET", drs+"objects/"+id+"/access/s3", "apikey", apiKey)
	wantStatus(t, got, 200)
	return got.field("url")
}

func TestDRSObject(t *testing.T) {
	t.Parallel()
	s, auth := newGenomic(newClock(), nil)
	got := call(s, "GET", drs+"objects/"+bamID, auth...)
	wantStatus(t, got, 200)
	var o struct {
		ID, Name string
		SelfURI  string `json:"self_uri"`
		Size     int
		Created  time.Time `json:"created_time"`
		MIME     string    `json:"mime_type"`
		Sums     []struct{ Type, Checksum string }
		Methods  []struct {
			Type     string
			AccessID string               `json:"access_id"`
			URL      struct{ URL string } `json:"access_url"`
		} `json:"access_methods"`
	}
	if err := json.Unmarshal([]byte(got.body), &o); err != nil {
		t.Fatal(err)
	}
	if o.ID != bamID || o.Name != sample+".bam" || o.Size != len(example(t, sample+".bam")) || o.MIME != "application/bam" ||
		o.SelfURI != "drs://apim.example.test/genomic-data-access/"+bamID || o.Created.IsZero() {
		t.Errorf("object %s", got.body)
	}
	var kinds []string
	for _, m := range o.Methods {
		kinds = append(kinds, m.Type+" "+m.AccessID+" "+m.URL.URL)
	}
	want := []string{
		"s3 s3 s3://simulated-genomic-data/" + bamID + "/" + sample + ".bam",
		"https https ",
		"htsget  https://apim.example.test" + htsget + "reads/" + bamID,
	}
	if !slices.Equal(kinds, want) {
		t.Errorf("access methods %q, want %q", kinds, want)
	}
	if !strings.Contains(got.body, `"checksums":[{"checksum":"e0405577c02fca3eacbbe011c752ddd2","type":"md5"}]`) {
		t.Errorf("checksums in %s", got.body)
	}
	if h := follow(s, "GET", link(t, s, bamID)); h.body != string(example(t, sample+".bam")) {
		t.Errorf("the link leads to %d bytes, status %d", len(h.body), h.status)
	}
}

// TestGenomicErrors: each service has errors of its own form, after APIM has looked at the credential.
func TestGenomicErrors(t *testing.T) {
	t.Parallel()
	s, auth := newGenomic(newClock(), nil)
	const (
		drsType = "application/json"
		htsType = "application/vnd.ga4gh.htsget.v1.3.0+json; charset=utf-8"
		fhir    = "application/fhir+json"
	)
	reads := htsget + "reads/" + bamID
	tests := []struct {
		method, path string
		status       int
		contentType  string
		body         string // part of it
	}{
		{"GET", drs + "objects/none", 404, drsType, `"status_code":404`},
		{"GET", drs + "objects/", 404, drsType, `"status_code":404`},
		{"GET", drs + "objects/..%2F..%2Fetc", 404, drsType, `"status_code":404`},
		{"GET", drs + "objects/" + strings.ToUpper(bamID), 404, drsType, `"status_code":404`},
		{"GET", drs + "objects/" + bamID + "/", 404, drsType, `"status_code":404`},
		{"GET", drs + "objects/" + bamID + "/access/gs", 404, drsType, `access_id`},
		{"GET", drs + "objects/none/access/s3", 404, drsType, `access_id`},
		{"DELETE", drs + "objects/" + bamID, 405, drsType, `"status_code":405`},
		{"OPTIONS", drs + "objects/" + bamID, 404, fhir, "OperationOutcome"},
		{"OPTIONS", htsget + "reads/" + bamID, 404, fhir, "OperationOutcome"},
		{"OPTIONS", genomic + "files/" + sample + ".bam", 404, fhir, "OperationOutcome"},
		{"GET", drs + "nothing", 404, drsType, `"status_code":404`},
		{"GET", drs + "service-info", 200, drsType, `"artifact":"drs"`},
		{"GET", htsget + "reads/service-info", 200, drsType, `"artifact":"htsget"`},
		{"GET", htsget + "variants/service-info", 200, drsType, `"artifact":"htsget"`},
		{"GET", htsget + "reads/none", 404, htsType, `"error":"NotFound"`},
		{"GET", htsget + "reads", 404, htsType, `"error":"NotFound"`},
		{"GET", htsget + "sequences/" + bamID, 404, htsType, `"error":"NotFound"`},
		{"GET", htsget + "variants/" + bamID, 404, htsType, `"error":"NotFound"`},
		{"DELETE", reads, 405, htsType, `"error":"InvalidInput"`},
		{"GET", reads + "?format=CRAM", 400, htsType, `"error":"UnsupportedFormat"`},
		{"GET", reads + "?format=bam", 400, htsType, `"error":"UnsupportedFormat"`},
		{"GET", reads + "?encryptionScheme=crypt4gh", 400, htsType, `"error":"UnsupportedFormat"`},
		{"GET", reads + "?class=body", 400, htsType, `"error":"InvalidInput"`},
		{"GET", reads + "?class=header&referenceName=chr1", 400, htsType, `"error":"InvalidInput"`},
		{"GET", reads + "?start=1", 400, htsType, `"error":"InvalidInput"`},
		{"GET", reads + "?end=1", 400, htsType, `"error":"InvalidInput"`},
		{"GET", reads + "?referenceName=chr1&start=-1", 400, htsType, `"error":"InvalidInput"`},
		{"GET", reads + "?referenceName=chr1&start=one", 400, htsType, `"error":"InvalidInput"`},
		{"GET", reads + "?referenceName=chr1&end=4294967296", 400, htsType, `"error":"InvalidInput"`},
		{"GET", reads + "?referenceName=chr1&referenceName=chr2", 400, htsType, `"error":"InvalidInput"`},
		{"GET", reads + "?referenceName=*&start=1", 400, htsType, `"error":"InvalidInput"`},
		{"GET", reads + "?tags=NM,RG&notags=RG", 400, htsType, `"error":"InvalidInput"`},
		{"GET", reads + "?%zz", 400, htsType, `"error":"InvalidInput"`},
		{"GET", reads + "?referenceName=chr1&start=9&end=8", 400, htsType, `"error":"InvalidRange"`},
		{"GET", reads + "?referenceName=chr1&start=7000", 400, htsType, `"error":"InvalidRange"`},
		{"GET", reads + "?referenceName=chr9", 404, htsType, `"error":"NotFound"`},
		{"GET", reads + "?referenceName=1", 404, htsType, `"error":"NotFound"`},
		{"GET", htsget + "reads/" + cramID + "?referenceName=chr9", 404, htsType, `"error":"NotFound"`},
		{"POST", reads, 400, htsType, `"error":"InvalidInput"`},
		{"GET", genomic + "files/none.bam", 404, fhir, "OperationOutcome"},
		{"GET", genomic + "files/", 404, fhir, "OperationOutcome"},
		{"GET", genomic + "files/.", 404, fhir, "OperationOutcome"},
		{"GET", genomic + "files/..%2Fdrs.go", 404, fhir, "OperationOutcome"},
		{"GET", genomic + "files/%2Fetc%2Fpasswd", 404, fhir, "OperationOutcome"},
	}
	for _, tt := range tests {
		t.Run(tt.method+" "+tt.path, func(t *testing.T) {
			t.Parallel()
			got := call(s, tt.method, tt.path, auth...)
			wantStatus(t, got, tt.status)
			if h := got.header.Get("Content-Type"); h != tt.contentType || !strings.Contains(got.body, tt.body) {
				t.Errorf("%s: %s", h, got.body)
			}
			for name := range got.header {
				if strings.HasPrefix(name, "Access-Control-") {
					t.Errorf("a header %s", name)
				}
			}
			before := call(s, tt.method, tt.path) // the credential is looked at first
			wantStatus(t, before, 401)
			if !strings.Contains(before.body, `"fault"`) {
				t.Errorf("without a credential: %s", before.body)
			}
		})
	}
}

// ticket is what an htsget service answers.
type ticket struct {
	HTSGet struct {
		Format string
		URLs   []struct {
			URL, Class string
			Headers    map[string]string
		}
	}
}

func ask(t *testing.T, s *simulator.Simulator, path string, auth ...string) ticket {
	t.Helper()
	got := call(s, "GET", path, auth...)
	wantStatus(t, got, 200)
	var tk ticket
	if err := json.Unmarshal([]byte(got.body), &tk); err != nil || len(tk.HTSGet.URLs) == 0 {
		t.Fatalf("%v: %s", err, got.body)
	}
	return tk
}

// assemble gets every block of a ticket.
func assemble(t *testing.T, s *simulator.Simulator, tk ticket) []byte {
	t.Helper()
	var all []byte
	for _, u := range tk.HTSGet.URLs {
		if _, data, ok := strings.Cut(u.URL, ";base64,"); ok {
			b, err := base64.StdEncoding.DecodeString(data)
			if err != nil {
				t.Fatal(err)
			}
			all = append(all, b...)
			continue
		}
		var headers []string
		for name, value := range u.Headers {
			headers = append(headers, name, value)
		}
		var got reply
		if path, ok := strings.CutPrefix(u.URL, "https://apim.example.test"); ok {
			got = call(s, "GET", path, headers...)
		} else {
			got = follow(s, "GET", u.URL, headers...)
		}
		wantStatus(t, got, http.StatusPartialContent)
		all = append(all, got.body...)
	}
	return all
}

// span is where a read is.
type span struct {
	name       string
	ref, start int
}

// bamReads returns the reads of a BAM, and fails if one is cut off.
func bamReads(t *testing.T, bam []byte) []span {
	t.Helper()
	z, err := gzip.NewReader(bytes.NewReader(bam))
	if err != nil {
		t.Fatal(err)
	}
	data, err := io.ReadAll(z)
	if err != nil {
		t.Fatal(err)
	}
	number := func(at int) int { return int(int32(binary.LittleEndian.Uint32(data[at:]))) }
	if string(data[:4]) != "BAM\x01" {
		t.Fatalf("it begins with %q", data[:4])
	}
	at := 8 + number(4)
	refs := number(at)
	for at += 4; refs > 0; refs-- {
		at += 8 + number(at)
	}
	var all []span
	for at < len(data) {
		size := number(at)
		if size < 32 || at+4+size > len(data) {
			t.Fatalf("a read of %d bytes at %d of %d", size, at, len(data))
		}
		name := string(bytes.TrimRight(data[at+36:at+36+int(data[at+12])], "\x00"))
		all = append(all, span{name, number(at + 4), number(at + 8)})
		at += 4 + size
	}
	return all
}

// TestReadsTickets: what a ticket adds up to is a BAM with at least the reads of the region, and all of them in order.
func TestReadsTickets(t *testing.T) {
	t.Parallel()
	for _, onAPI := range []bool{false, true} {
		s, auth := newGenomic(newClock(), func(c *simulator.Config) { c.DataOnAPI = onAPI })
		all := bamReads(t, example(t, sample+".bam"))
		tests := []struct {
			query      string
			ref        int // -1: none
			start, end int
			most       int
		}{
			{"", -2, 0, 0, len(all)},
			{"?format=BAM", -2, 0, 0, len(all)},
			{"?class=header", -1, 0, 0, 0},
			{"?referenceName=chr1", 0, 0, 1 << 30, 420},
			{"?referenceName=chr1&start=1000&end=2000", 0, 1000, 2000, 420},
			{"?referenceName=chr2&start=4000", 1, 4000, 1 << 30, 300},
			{"?referenceName=chr2&end=10", 1, 0, 10, 300},
			{"?referenceName=chr2&start=10&end=10", -1, 0, 0, 0},
			{"?referenceName=chrM&fields=QNAME,FLAG&tags=RG", 2, 0, 1 << 30, 60},
			{"?referenceName=*", -1, 0, 0, 0},
		}
		for _, tt := range tests {
			t.Run(fmt.Sprintf("%v%s", onAPI, tt.query), func(t *testing.T) {
				t.Parallel()
				tk := ask(t, s, htsget+"reads/"+bamID+tt.query, auth...)
				got := bamReads(t, assemble(t, s, tk))
				var want []span
				for _, r := range all {
					if tt.ref == -2 || r.ref == tt.ref && r.start < tt.end && r.start+100 > tt.start {
						want = append(want, r)
					}
				}
				if len(got) > tt.most {
					t.Errorf("%d reads, most %d", len(got), tt.most)
				}
				if missing := lacks(got, want); missing != nil {
					t.Errorf("%d reads, without %v", len(got), missing)
				}
				for _, u := range tk.HTSGet.URLs {
					if strings.HasPrefix(u.URL, "data:") {
						continue
					}
					if onAPI != strings.HasPrefix(u.URL, "https://apim.example.test"+genomic) || onAPI != (u.Headers["apikey"] == apiKey) {
						t.Errorf("a block at %s with %d headers", u.URL, len(u.Headers))
					}
				}
			})
		}
	}
}

// lacks returns the first read of want that is not in got, in order.
func lacks(got, want []span) *span {
	for _, r := range want {
		i := slices.Index(got, r)
		if i < 0 {
			return &r
		}
		got = got[i+1:]
	}
	return nil
}

// TestCRAMTickets: the blocks are whole containers of the file, in order, from its header to its end.
func TestCRAMTickets(t *testing.T) {
	t.Parallel()
	s, auth := newGenomic(newClock(), nil)
	cram := example(t, sample+".cram")
	at := func(from, to int) string { return string(cram[from:to]) }
	eof := at(len(cram)-38, len(cram))
	// The containers begin at 408, 1621, 2877, 3427, 4677 and 5628: see the index.
	tests := map[string]string{
		"":                                    string(cram),
		"?class=header":                       at(0, 408) + eof,
		"?referenceName=chr1&start=0&end=100": at(0, 1621) + eof,
		"?referenceName=chr1&start=3370&end=3380": at(0, 2877) + eof,
		"?referenceName=chr1&start=6600":          at(0, 408) + at(2877, 3427) + eof,
		"?referenceName=chr2":                     at(0, 408) + at(3427, 5628) + eof,
		"?referenceName=chrM&format=CRAM":         at(0, 408) + at(5628, len(cram)),
		"?referenceName=*":                        at(0, 408) + eof,
	}
	for query, want := range tests {
		got := assemble(t, s, ask(t, s, htsget+"reads/"+cramID+query, auth...))
		if string(got) != want {
			t.Errorf("%q: %d bytes, want %d", query, len(got), len(want))
		}
	}
}

// TestDamagedIndex: an index that is no index costs nothing but the choice of blocks.
func TestDamagedIndex(t *testing.T) {
	t.Parallel()
	bam, cram := example(t, sample+".bam"), example(t, sample+".cram")
	bai := example(t, sample+".bam.bai")
	for name, index := range map[string][]byte{
		"empty": {}, "text": []byte("no index"), "half": bai[:len(bai)/2], "magic": bai[:4],
		"many": append(slices.Clone(bai[:4]), 0xff, 0xff, 0xff, 0x7f), "gzip": {0x1f, 0x8b, 8, 4},
	} {
		files := fstest.MapFS{
			"a.bam": {Data: bam}, "a.bam.bai": {Data: index}, "a.cram": {Data: cram}, "a.cram.crai": {Data: index},
		}
		s, auth := newGenomic(newClock(), func(c *simulator.Config) { c.Data = files })
		for file, whole := range map[string][]byte{"a.bam": bam, "a.cram": cram} {
			path := htsget + "reads/" + idOf(t, s, file) + "?referenceName=chr1&start=1&end=2"
			if got := assemble(t, s, ask(t, s, path, auth...)); !bytes.Equal(got, whole) {
				t.Errorf("%s, %s: %d bytes, want %d", name, file, len(got), len(whole))
			}
		}
	}
}

// idOf returns the ID of a file.
func idOf(t *testing.T, s *simulator.Simulator, name string) string {
	t.Helper()
	all := find(t, s, "DocumentReference?identifier=/simulated/"+name)
	if len(all) != 1 {
		t.Fatalf("%d files are %s", len(all), name)
	}
	var d struct {
		Content []struct{ Attachment struct{ URL string } }
	}
	if err := json.Unmarshal(all[0], &d); err != nil {
		t.Fatal(err)
	}
	return path.Base(d.Content[0].Attachment.URL)
}

// TestPostTickets: a POST asks for several regions at once.
func TestPostTickets(t *testing.T) {
	t.Parallel()
	s, auth := newGenomic(newClock(), nil)
	post := func(body, kind, query string) reply {
		return send(s, "POST", htsget+"reads/"+bamID+query, body, append([]string{"Content-Type", kind}, auth...)...)
	}
	for body, want := range map[string]int{
		`{}`: 780,
		`{"format":"BAM","regions":[{"referenceName":"chr2"},{"referenceName":"chrM","start":0,"end":10}]}`:                      360,
		`{"regions":[{"referenceName":"chrM"},{"referenceName":"chrM","start":5}],"fields":["QNAME"],"tags":["RG"],"notags":[]}`: 60,
		`{"class":"header"}`: 0,
	} {
		got := post(body, "application/json; charset=utf-8", "")
		wantStatus(t, got, 200)
		var tk ticket
		if err := json.Unmarshal([]byte(got.body), &tk); err != nil {
			t.Fatal(err)
		}
		if n := len(bamReads(t, assemble(t, s, tk))); n != want {
			t.Errorf("%s: %d reads, want %d", body, n, want)
		}
	}
	const js = "application/json"
	tests := []struct {
		body, kind, query string
		status            int
		name              string
	}{
		{`{}`, "text/plain", "", 400, "InvalidInput"},
		{`{}`, "", "", 400, "InvalidInput"},
		{`{}`, js, "?format=BAM", 400, "InvalidInput"},
		{`[]`, js, "", 400, "InvalidInput"},
		{`{"format":1}`, js, "", 400, "InvalidInput"},
		{`{"regions":[]}`, js, "", 400, "InvalidInput"},
		{`{"regions":[{}]}`, js, "", 400, "InvalidInput"},
		{`{"regions":[{"referenceName":"chr1","start":-1}]}`, js, "", 400, "InvalidInput"},
		{`{"regions":[{"referenceName":"chr1","start":1.5}]}`, js, "", 400, "InvalidInput"},
		{`{"regions":[{"referenceName":"chr1","start":2,"end":1}]}`, js, "", 400, "InvalidRange"},
		{`{"regions":[{"referenceName":"chr1"},{"referenceName":"chr9"}]}`, js, "", 404, "NotFound"},
		{`{"class":"header","regions":[{"referenceName":"chr1"}]}`, js, "", 400, "InvalidInput"},
		{`{"format":"VCF"}`, js, "", 400, "UnsupportedFormat"},
		{`{"tags":["` + strings.Repeat("x", 1<<20) + `"]}`, js, "", 413, "PayloadTooLarge"},
	}
	for _, tt := range tests {
		got := post(tt.body, tt.kind, tt.query)
		if got.status != tt.status || !strings.Contains(got.body, `"error":"`+tt.name+`"`) {
			t.Errorf("%.60s: %d %s", tt.body, got.status, got.body)
		}
	}
}

// TestVariantsTickets: what a ticket adds up to is a VCF with at least the variants of the region.
func TestVariantsTickets(t *testing.T) {
	t.Parallel()
	s, auth := newGenomic(newClock(), nil)
	for query, want := range map[string][]string{
		"":                               {"chr1\t1500", "chr1\t3210", "chr1\t5600", "chr2\t800", "chr2\t2500", "chr2\t4100", "chrM\t500"},
		"?class=header":                  {"##fileformat=VCF", "#CHROM\t"},
		"?referenceName=chr2":            {"#CHROM\t", "chr2\t800", "chr2\t2500", "chr2\t4100"},
		"?referenceName=chrM&format=VCF": {"#CHROM\t", "chrM\t500"},
		"?referenceName=chrM&start=900":  {"#CHROM\t"},
	} {
		z, err := gzip.NewReader(bytes.NewReader(assemble(t, s, ask(t, s, htsget+"variants/"+vcfID+query, auth...))))
		if err != nil {
			t.Fatal(err)
		}
		text, err := io.ReadAll(z)
		if err != nil {
			t.Fatal(err)
		}
		for _, one := range want {
			if !strings.Contains(string(text), one) {
				t.Errorf("%s: no %q in\n%s", query, one, text)
			}
		}
		if query == "?class=header" && strings.Contains(string(text), "\nchr") || strings.Contains(query, "chr2") && strings.Contains(string(text), "\nchr1") {
			t.Errorf("%s: more than\n%s", query, text)
		}
	}
}

// TestNames: a file's name may have any character.
func TestNames(t *testing.T) {
	t.Parallel()
	bam, bai := example(t, sample+".bam"), example(t, sample+".bam.bai")
	names := []string{
		"a b.bam", "a+b.bam", "a%20b.bam", "a%2Fb.bam", "a#b.bam", "a?b=c&d.bam", "\u00e9.bam", "a:b.bam", "a;b.bam", "deep/er/x.bam",
		"a'b\".bam", "a\nb.bam", "a\\b.bam", "x.cram.bam", "a..b.bam", "UPPER.bam", "(1).bam", "-.bam", "~.bam", "a<b>&amp;.bam",
	}
	files := fstest.MapFS{".hidden.bam": {Data: bam}, "a/.hidden/x.bam": {Data: bam}}
	for _, name := range names {
		files[name], files[strings.TrimSuffix(name, ".bam")+".bai"] = &fstest.MapFile{Data: bam}, &fstest.MapFile{Data: bai}
	}
	for _, onAPI := range []bool{false, true} {
		s, auth := newGenomic(newClock(), func(c *simulator.Config) { c.Data, c.DataOnAPI = files, onAPI })
		if n := len(find(t, s, "DocumentReference?contenttype=application/bam")); n != len(names) {
			t.Errorf("%d files, want %d", n, len(names))
		}
		for _, name := range names {
			id := idOf(t, s, url.QueryEscape(name))
			if got := follow(s, "GET", link(t, s, id)); got.body != string(bam) {
				t.Errorf("%s: a link to %d bytes, status %d", name, len(got.body), got.status)
			}
			if n := len(bamReads(t, assemble(t, s, ask(t, s, htsget+"reads/"+id+"?referenceName=chrM", auth...)))); n != 60 {
				t.Errorf("%s: %d reads", name, n)
			}
			u := url.URL{Path: genomic + "files/" + name}
			if got := call(s, "GET", u.EscapedPath(), auth...); got.body != string(bam) {
				t.Errorf("%s: %d bytes, status %d", name, len(got.body), got.status)
			}
		}
	}
}
