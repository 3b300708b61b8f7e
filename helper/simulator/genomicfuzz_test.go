package simulator_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"testing/fstest"

	"cgp-cred/helper/simulator"
)

// FuzzTicket: whatever a user's file and its index hold, a ticket is answered, and its blocks are within the file.
func FuzzTicket(f *testing.F) {
	for name, index := range map[string]string{".bam": ".bam.bai", ".cram": ".cram.crai", ".vcf.gz": ".vcf.gz.tbi"} {
		f.Add("a"+name, example(f, sample+name), strings.TrimPrefix(index, name), example(f, sample+index), "chr1", uint32(10), uint32(2000))
	}
	f.Add("a.bam", []byte{}, ".csi", []byte("CSI\x01\x0e\x00\x00\x00\x05\x00\x00\x00\x00\x00\x00\x00\x01\x00\x00\x00\x00\x00\x00\x00"), "*", uint32(0), uint32(0))
	f.Add("a.cram", []byte("CRAM\x03\x00"), ".crai", []byte("0\t1\t2\t3\t4\t5\n"), "chr1", uint32(1), uint32(2))
	f.Fuzz(func(t *testing.T, name string, data []byte, ending string, index []byte, reference string, start, end uint32) {
		if name != "a.bam" && name != "a.cram" && name != "a.vcf.gz" || !isIndexName(name+ending) {
			t.Skip()
		}
		files := fstest.MapFS{name: {Data: data}, name + ending: {Data: index}}
		s, auth := newGenomic(newClock(), func(c *simulator.Config) { c.Data = files })
		kind := "reads"
		if name == "a.vcf.gz" {
			kind = "variants"
		}
		q := url.Values{"referenceName": {reference}, "start": {fmt.Sprint(start)}, "end": {fmt.Sprint(end)}}
		for _, query := range []string{"", "?class=header", "?" + q.Encode(), "?referenceName=" + url.QueryEscape(reference)} {
			got := call(s, "GET", htsget+kind+"/"+idOf(t, s, name)+query, auth...)
			if got.status != http.StatusOK && got.status != http.StatusBadRequest && got.status != http.StatusNotFound {
				t.Fatalf("%s: status %d: %s", query, got.status, got.body)
			}
			var tk ticket
			if err := json.Unmarshal([]byte(got.body), &tk); err != nil {
				t.Fatalf("%v: %s", err, got.body)
			}
			for _, u := range tk.HTSGet.URLs {
				var from, to int
				if n, _ := fmt.Sscanf(u.Headers["Range"], "bytes=%d-%d", &from, &to); strings.HasPrefix(u.URL, "data:") {
					continue
				} else if n != 2 || from < 0 || to >= len(data) || from > to {
					t.Fatalf("%s: a block %q of %d bytes", query, u.Headers["Range"], len(data))
				}
			}
		}
	})
}

// isIndexName reports whether a name is one that htsget looks for next to a file.
func isIndexName(name string) bool {
	for _, ending := range []string{".bai", ".csi", ".crai", ".tbi"} {
		if strings.HasSuffix(name, ending) && strings.Count(name, ".") <= 3 {
			return true
		}
	}
	return false
}

// FuzzRange: any Range header gets the whole file, a part of it, or 416.
func FuzzRange(f *testing.F) {
	for _, header := range []string{"bytes=0-1", "bytes=-5", "bytes=5-", "bytes=5-4", "bytes=0-0,2-3", "bytes=99-", "lines=1-2", "", "bytes=--1", "bytes=+1-2", "bytes=-0", "bytes=-000"} {
		f.Add(header)
	}
	s, _ := newGenomic(newClock(), nil)
	whole := string(example(f, sample+".bam.bai"))
	f.Fuzz(func(t *testing.T, header string) {
		got := call(s, "GET", genomic+"files/"+sample+".bam.bai", "apikey", apiKey, "Range", header)
		switch got.status {
		case http.StatusOK:
			if got.body != whole {
				t.Fatalf("%d bytes", len(got.body))
			}
		case http.StatusPartialContent:
			if got.body == "" || !strings.Contains(whole, got.body) {
				t.Fatalf("%d bytes", len(got.body))
			}
		case http.StatusRequestedRangeNotSatisfiable:
		default:
			t.Fatalf("status %d", got.status)
		}
	})
}

// FuzzSearch: any query gets a searchset or an OperationOutcome.
func FuzzSearch(f *testing.F) {
	for _, query := range []string{"_lastUpdated=ge2025-01", "identifier=|x", "_count=0&_page=9", "related:identifier=a,b", "%zz", "_tag=&_id=", "_lastUpdated=ap2020"} {
		f.Add(query)
	}
	s, _ := newGenomic(newClock(), nil)
	f.Fuzz(func(t *testing.T, query string) {
		u := url.URL{Path: fhir + "DocumentReference", RawQuery: query}
		if _, err := url.ParseRequestURI(u.String()); err != nil || strings.ContainsAny(query, " \x00\r\n") {
			t.Skip()
		}
		got := call(s, "GET", u.String(), "apikey", apiKey)
		kind := got.field("resourceType")
		if got.status == http.StatusOK && kind != "Bundle" || got.status != http.StatusOK && (got.status != http.StatusBadRequest || kind != "OperationOutcome") {
			t.Fatalf("%d %s", got.status, got.body)
		}
	})
}
