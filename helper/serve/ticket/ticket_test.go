package ticket_test

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"cgp-cred/helper/serve/ticket"
	"cgp-cred/keystore/fault"
)

const htsgetType = "application/vnd.ga4gh.htsget.v1.3.0+json"

func TestFor(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		path, contentType string
		want              bool
	}{
		{"/x", htsgetType, true},
		{"/x", htsgetType + "; charset=utf-8", true},
		{"/x", "APPLICATION/VND.GA4GH.HTSGET.V1.0.0+JSON", true},
		{"/ga4gh/htsget/v1.3/reads/1", "application/json", true},
		{"/ga4gh/HTSget/reads/1", "application/json;charset=utf-8", true},
		{"/ga4gh/drs/v1.4/objects/1", "application/json", true},
		{"/ga4gh/drs", "application/json", true},
		{"/ga4gh/drs/v1.4/objects/1", "application/problem+json", true},
		{"/ga4gh/drs/v1.4/objects/1", "text/html", false},
		{"/ga4gh/drs/v1.4/objects/1", "", false},
		{"/x/drsomething/1", "application/json", false},
		{"/x/htsgetter", "application/json", false},
		{"/ga4gh/htsget/reads/1", "application/octet-stream", false},
		{"/FHIR/R4/Patient", "application/fhir+json", false},
	} {
		if got := ticket.For(tt.path, tt.contentType) != nil; got != tt.want {
			t.Errorf("%s %q: %v", tt.path, tt.contentType, got)
		}
	}
}

// Errors of the place are the rewriter's, and name no secret of the ticket.
func TestErrors(t *testing.T) {
	t.Parallel()
	refused := errors.New("refused")
	_, err := ticket.For("/x", htsgetType)([]byte(`{"htsget":{"urls":[{"url":"https://h.example/s3cret"}]}}`),
		func(ticket.Part) (string, error) { return "", refused })
	if !errors.Is(err, refused) {
		t.Error(err)
	}
	for _, document := range []string{
		`{"htsget":{"urls":[{"url":"https://h.example","headers":{"s3cret\n":"x"}}]}}`,
		`{"htsget":{"urls":[{"url":"https://h.example","headers":{"x":"s3cret\n"}}]}}`,
		`{"htsget":{"urls":[{"url":"https://h.example","headers":{"x":["s3cret"]}}]}}`,
	} {
		_, err := ticket.For("/x", htsgetType)([]byte(document), func(ticket.Part) (string, error) { return "u", nil })
		if err == nil || strings.Contains(err.Error(), "s3cret") || fault.ClassOf(err) != fault.Network {
			t.Errorf("%s: %v", document, err)
		}
	}
}

// Whatever an API sends: an error, or a document in which each place of the Web was asked for and none is left.
func FuzzRewrite(f *testing.F) {
	for _, seed := range []string{
		`{"htsget":{"format":"BAM","urls":[{"url":"https://h.example/a","headers":{"Range":"bytes=0-1"},"class":"header"}]}}`,
		`{"access_methods":[{"access_url":{"url":"https://h.example/a","headers":["A: b"]}}]}`,
		`{"url":"https://h.example/a","headers":["A: b"]}`, `{"htsget":{"urls":[{"url":"data:,x"}]}}`, `{}`, `[]`, `null`, "\ufeff{}",
		`{"htsget":{"urls":[{"url":"https://h.example","URL":"https://h.example"}]}}`, `{"a":{"access_url":{"access_url":{"url":"http://x"}}}}`,
	} {
		f.Add([]byte(seed), true)
		f.Add([]byte(seed), false)
	}
	f.Fuzz(func(t *testing.T, document []byte, htsget bool) {
		rewrite := ticket.For("/drs/", "application/json")
		if htsget {
			rewrite = ticket.For("/x", htsgetType)
		}
		places := 0
		out, err := rewrite(document, func(p ticket.Part) (string, error) {
			places++
			for name, values := range p.Header {
				if strings.ContainsAny(name+values[0], "\r\n\x00") {
					t.Errorf("a header with a line break: %q", p.Header)
				}
			}
			return "http://127.0.0.1:1/there", nil
		})
		if err != nil {
			return
		}
		if places == 0 {
			if string(out) != string(document) && !json.Valid(out) {
				t.Errorf("%q", out)
			}
			return
		}
		again := 0
		_, err = rewrite(out, func(p ticket.Part) (string, error) {
			again++
			if p.URL != "http://127.0.0.1:1/there" || len(p.Header) > 0 {
				t.Errorf("a place is left: %+v", p)
			}
			return p.URL, nil
		})
		if err != nil || again != places {
			t.Errorf("%d places, then %d, %v", places, again, err)
		}
	})
}
