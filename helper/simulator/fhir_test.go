package simulator_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"cgp-cred/helper/simulator"
)

const fhir = genomic + "FHIR/R4/"

// searchset is a page of results.
type searchset struct {
	ResourceType, Type string
	Total              int
	Link               []struct{ Relation, URL string }
	Entry              []struct{ Resource json.RawMessage }
}

func page(t *testing.T, s *simulator.Simulator, path string) searchset {
	t.Helper()
	got := call(s, "GET", fhir+path, "apikey", apiKey)
	wantStatus(t, got, 200)
	var set searchset
	if err := json.Unmarshal([]byte(got.body), &set); err != nil || set.Type != "searchset" {
		t.Fatalf("%v: %s", err, got.body)
	}
	return set
}

// find returns the resources of a search's first page.
func find(t *testing.T, s *simulator.Simulator, path string) []json.RawMessage {
	t.Helper()
	var all []json.RawMessage
	for _, e := range page(t, s, path).Entry {
		all = append(all, e.Resource)
	}
	return all
}

// TestSearch: the parameters that NHS-NGS/cgpclient sends, with their values as it writes them.
func TestSearch(t *testing.T) {
	t.Parallel()
	s, _ := newGenomic(newClock(), nil)
	const (
		referral    = "https://genomicsengland.co.uk/ngis-referral-id|r30000000001"
		participant = "https://genomicsengland.co.uk/ngis-participant-id|p12345678301"
		ods         = "https://fhir.nhs.uk/Id/ods-organization-code|SIM01"
		run         = "https://SIM01.nhs.uk/sequencing-run-id|250707_SIM0001_0001_SIMULATED"
		lab         = "https://SIM01.nhs.uk/lab-sample-id|" + sample
		files       = 8
	)
	tests := []struct {
		kind   string
		params []string // in pairs
		want   int
	}{
		{"ServiceRequest", nil, 2},
		{"ServiceRequest", []string{"_count", "100"}, 2},
		{"ServiceRequest", []string{"identifier", referral}, 1},
		{"ServiceRequest", []string{"identifier", "r30000000001"}, 1},
		{"ServiceRequest", []string{"identifier", "r30000000001,r30000000002"}, 2},
		{"ServiceRequest", []string{"identifier", "|r30000000001"}, 0},
		{"ServiceRequest", []string{"identifier", "https://genomicsengland.co.uk/ngis-referral-id|"}, 2},
		{"ServiceRequest", []string{"identifier", "https://example.test|r30000000001"}, 0},
		{"ServiceRequest", []string{"identifier", "R30000000001"}, 0},
		{"ServiceRequest", []string{"subject:identifier", participant}, 1},
		{"ServiceRequest", []string{"performer:identifier", ods}, 2},
		{"ServiceRequest", []string{"performer:identifier", ods, "identifier", referral}, 1},
		{"ServiceRequest", []string{"_lastUpdated", "ge2025-07-01"}, 2},
		{"ServiceRequest", []string{"_lastUpdated", "ge2025-07-02"}, 1},
		{"ServiceRequest", []string{"_lastUpdated", "le2025-07-01"}, 1},
		{"ServiceRequest", []string{"_lastUpdated", "lt2025-07-01"}, 0},
		{"ServiceRequest", []string{"_lastUpdated", "gt2025-07-01"}, 1},
		{"ServiceRequest", []string{"_lastUpdated", "2025-07"}, 1},
		{"ServiceRequest", []string{"_lastUpdated", "ge2025-07-01", "_lastUpdated", "le2025-08-31"}, 1},
		{"ServiceRequest", []string{"_lastUpdated", "ge2025-07-01T09:30:00Z"}, 2},
		{"ServiceRequest", []string{"_lastUpdated", "ge2025-07-01T10:30:01+01:00"}, 1},
		{"ServiceRequest", []string{"_id", "1"}, 0},
		{"ServiceRequest", []string{"_id", "7b0c1f43-55f0-4c7e-8a4d-1f7a1c0f0001"}, 1},
		{"ServiceRequest", []string{"_tag", "workspace"}, 0},
		{"ServiceRequest", []string{"orderDetail", "R1"}, 2}, // not known, so ignored
		{"DocumentReference", nil, files},
		{"DocumentReference", []string{"related:identifier", referral}, files},
		{"DocumentReference", []string{"related:identifier", referral + "," + lab}, files},
		{"DocumentReference", []string{"related:identifier", lab}, files - 2},
		{"DocumentReference", []string{"related:identifier", run}, files},
		{"DocumentReference", []string{"subject:identifier", participant}, files},
		{"DocumentReference", []string{"subject:identifier", "https://fhir.nhs.uk/Id/nhs-number|9000000009"}, 0},
		{"DocumentReference", []string{"author:identifier", ods}, files},
		{"DocumentReference", []string{"author:identifier", "https://fhir.nhs.uk/Id/ods-organization-code|8J834"}, 0},
		{"DocumentReference", []string{"identifier", "https://SIM01.nhs.uk/file-id|" + sample + ".bam"}, 1},
		{"DocumentReference", []string{"contenttype", "application/cram"}, 1},
		{"DocumentReference", []string{"category", "INDEX"}, 4},
		{"RelatedPerson", []string{"patient:identifier", "p12345678301"}, 2},
		{"RelatedPerson", []string{"patient:identifier", "p12345678401"}, 0},
		{"Specimen", nil, 0},
	}
	for _, tt := range tests {
		q := make(url.Values)
		for i := 0; i+1 < len(tt.params); i += 2 {
			q.Add(tt.params[i], tt.params[i+1])
		}
		set := page(t, s, tt.kind+"?"+q.Encode())
		if set.Total != tt.want || len(set.Entry) != tt.want {
			t.Errorf("%s %v: %d of %d, want %d", tt.kind, tt.params, len(set.Entry), set.Total, tt.want)
		}
		for _, e := range set.Entry {
			if !strings.Contains(string(e.Resource), `"lastUpdated":"2025-`) {
				t.Errorf("%s: %s", tt.kind, e.Resource)
			}
		}
	}
}

// TestDocumentReference: what a client follows from it leads to the file.
func TestDocumentReference(t *testing.T) {
	t.Parallel()
	s, auth := newGenomic(newClock(), nil)
	for name, id := range map[string]string{".bam": bamID, ".cram": cramID, ".vcf.gz": vcfID} {
		var d struct {
			ID      string
			Content []struct {
				Attachment struct {
					ContentType, URL, Title, Hash string
					Size                          int
				}
			}
		}
		all := find(t, s, "DocumentReference?identifier="+sample+name)
		if len(all) != 1 {
			t.Fatalf("%d of %s", len(all), name)
		}
		if err := json.Unmarshal(all[0], &d); err != nil {
			t.Fatal(err)
		}
		a := d.Content[0].Attachment
		if a.URL != "drs://apim.example.test/genomic-data-access/"+id || a.Title != sample+name ||
			a.Size != len(example(t, sample+name)) {
			t.Errorf("attachment %+v", a)
		}
		object := call(s, "GET", drs+"objects/"+id, auth...)
		if object.field("mime_type") != a.ContentType || !strings.Contains(object.body, a.Hash) || len(a.Hash) != 32 {
			t.Errorf("attachment %+v, object %s", a, object.body)
		}
		single := call(s, "GET", fhir+"DocumentReference/"+d.ID, auth...)
		wantStatus(t, single, 200)
		if single.body != string(all[0]) {
			t.Errorf("read %s, found %s", single.body, all[0])
		}
	}
}

// TestSearchPages: a page with more after it has one link, to a host that clients can't call, as on the platform.
func TestSearchPages(t *testing.T) {
	t.Parallel()
	files := fstest.MapFS{}
	for i := range 205 {
		files[fmt.Sprintf("%03d.bam", i)] = &fstest.MapFile{Data: []byte{byte(i)}}
	}
	s, _ := newGenomic(newClock(), func(c *simulator.Config) { c.Data = files })
	for count, want := range map[string][]int{
		"": {100, 100, 5}, "100": {100, 100, 5}, "1000": {100, 100, 5}, "205": {100, 100, 5}, "80": {80, 80, 45}, "0": {0},
	} {
		var sizes []int
		path := "DocumentReference?author:identifier=SIM01&_count=" + count
		if count == "" {
			path = "DocumentReference?author:identifier=SIM01"
		}
		for path != "" {
			set := page(t, s, path)
			sizes = append(sizes, len(set.Entry))
			if set.Total != 205 || len(set.Link) != 1 {
				t.Fatalf("total %d, links %v", set.Total, set.Link)
			}
			path = ""
			if l := set.Link[0]; l.Relation == "next" {
				if !strings.HasPrefix(l.URL, "https://healthlake.simulated.invalid/") {
					t.Errorf("next is %s", l.URL)
				}
				path = l.URL[strings.LastIndex(l.URL, "/")+1:]
			}
		}
		if !slices.Equal(sizes, want) {
			t.Errorf("_count=%s: pages of %v, want %v", count, sizes, want)
		}
	}
}

func TestFHIRErrors(t *testing.T) {
	t.Parallel()
	s, _ := newGenomic(newClock(), nil)
	bundle := func(kind, entry string) string {
		return `{"resourceType":"Bundle","type":"` + kind + `","entry":[` + entry + `]}`
	}
	tests := []struct {
		method, path, body string
		status             int
		code               string
	}{
		{"GET", "ServiceRequest?_count=many", "", 400, "invalid"},
		{"GET", "ServiceRequest?_count=-1", "", 400, "invalid"},
		{"GET", "ServiceRequest?_page=x", "", 400, "invalid"},
		{"GET", "ServiceRequest?_lastUpdated=yesterday", "", 400, "invalid"},
		{"GET", "ServiceRequest?_lastUpdated=xx2025-01-01", "", 400, "invalid"},
		{"GET", "ServiceRequest?_lastUpdated=ge", "", 400, "invalid"},
		{"GET", "ServiceRequest?%zz", "", 400, "invalid"},
		{"GET", "ServiceRequest/none", "", 404, "not-found"},
		{"GET", "Patient", "", 404, "not-found"},
		{"GET", "servicerequest", "", 404, "not-found"},
		{"GET", "", "", 404, "not-found"},
		{"DELETE", "DocumentReference/x", "", 404, "not-found"},
		{"PUT", "DocumentReference/x", "{}", 404, "not-found"},
		{"POST", "ServiceRequest/", `{"resourceType":"ServiceRequest"}`, 404, "not-found"},
		{"POST", "DocumentReference/", "", 400, "structure"},
		{"POST", "DocumentReference/", "[]", 400, "structure"},
		{"POST", "DocumentReference/", `{"resourceType":"Specimen"}`, 400, "invalid"},
		{"POST", "DocumentReference/", `{"x":"` + strings.Repeat("x", 8<<20) + `"}`, 413, "too-long"},
		{"POST", "", "{}", 400, "invalid"},
		{"POST", "", bundle("searchset", ""), 400, "invalid"},
		{"POST", "", bundle("transaction", "null"), 400, "invalid"},
		{"POST", "", bundle("transaction", "{}"), 400, "invalid"},
		{"POST", "", bundle("transaction", `{"resource":{"resourceType":"Task"},"request":{"method":"PUT","url":"Task"}}`), 400, "invalid"},
		{"POST", "", bundle("batch", `{"resource":{"resourceType":"Task"},"request":{"method":"POST","url":"Device"}}`), 400, "invalid"},
		{"POST", "", bundle("batch", `{"resource":{"resourceType":"ServiceRequest"},"request":{"method":"POST","url":"ServiceRequest"}}`), 400, "invalid"},
	}
	for _, tt := range tests {
		got := send(s, tt.method, fhir+tt.path, tt.body, "apikey", apiKey)
		if got.status != tt.status || got.field("resourceType") != "OperationOutcome" ||
			!strings.Contains(got.body, `"code":"`+tt.code+`"`) {
			t.Errorf("%s %s: %d %s", tt.method, tt.path, got.status, got.body)
		}
	}
	strict := call(s, "GET", fhir+"ServiceRequest?orderDetail=R1", "apikey", apiKey, "Prefer", "handling=strict")
	wantStatus(t, strict, 400)
	wantStatus(t, call(s, "GET", fhir+"metadata", "apikey", apiKey), 200)
}

// send is one request with a body; headers in pairs.
func send(s *simulator.Simulator, method, path, body string, headers ...string) reply {
	r := httptest.NewRequestWithContext(context.Background(), method, "https://apim.example.test"+path, strings.NewReader(body))
	for i := 0; i+1 < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	return serve(s, r)
}

// TestPostBundle: what is posted is found, under an ID of the server's, and references within the Bundle follow.
func TestPostBundle(t *testing.T) {
	t.Parallel()
	s, auth := newGenomic(newClock(), nil)
	const bundle = `{"resourceType":"Bundle","type":"transaction","entry":[
		{"fullUrl":"urn:uuid:1","resource":{"resourceType":"DocumentReference","id":"1","status":"current",
			"identifier":[{"system":"https://X.nhs.uk/file-id","value":"mine.bam"}],
			"meta":{"tag":[{"system":"https://genomicsengland.co.uk/workspace_id","code":"w1"}]}},
			"request":{"method":"POST","url":"DocumentReference"}},
		{"fullUrl":"urn:uuid:2","resource":{"resourceType":"Provenance","target":[{"reference":"urn:uuid:1"}]},
			"request":{"method":"POST","url":"Provenance"}}]}`
	got := send(s, "POST", fhir, bundle, auth...)
	wantStatus(t, got, 200)
	if got.field("type") != "transaction-response" || strings.Count(got.body, `"status":"201 Created"`) != 2 {
		t.Errorf("body %s", got.body)
	}
	for _, path := range []string{"DocumentReference?identifier=mine.bam", "DocumentReference?_tag=w1"} {
		all := find(t, s, path)
		if len(all) != 1 {
			t.Fatalf("%s: %d found", path, len(all))
		}
		var d struct{ ID string }
		if err := json.Unmarshal(all[0], &d); err != nil || d.ID == "1" || d.ID == "" {
			t.Errorf("%v: %s", err, all[0])
		}
		if p := find(t, s, "Provenance"); len(p) != 1 || !strings.Contains(string(p[0]), `"DocumentReference/`+d.ID+`"`) {
			t.Errorf("provenance %s", p)
		}
	}
	single := send(s, "POST", fhir+"Specimen/", `{"resourceType":"Specimen","id":"x"}`, auth...)
	wantStatus(t, single, 201)
	if len(find(t, s, "Specimen?_id="+single.field("id"))) != 1 || single.header.Get("Location") == "" {
		t.Errorf("specimen %s", single.body)
	}
}
