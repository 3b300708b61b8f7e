package simulator_test

import (
	"context"
	"encoding/json"
	"net/http/httptest"
	"testing"
	"time"

	"cgp-cred/helper/simulator"
)

const (
	hello    = "/hello-world/hello/application"
	requests = "/genomic-data-access/FHIR/R4/ServiceRequest"
)

// call is one API request; headers in pairs.
func call(s *simulator.Simulator, method, path string, headers ...string) reply {
	r := httptest.NewRequestWithContext(context.Background(), method, "https://apim.example.test"+path, nil)
	for i := 0; i+1 < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	return serve(s, r)
}

func TestAPI(t *testing.T) {
	t.Parallel()
	c := newClock()
	s := newSimulator(c, nil)
	token := newDraft(c.Now()).send(s).field("access_token")
	const (
		invalid = `{"fault":{"faultstring":"Invalid access ` +
			`token","detail":{"errorcode":"oauth.v2.InvalidAccessToken"}}}`
		unknown = `{"fault":{"faultstring":"Invalid Access ` +
			`Token","detail":{"errorcode":"keymanagement.service.invalid_access_token"}}}`
		badKey = `{"fault":{"faultstring":"Invalid ApiKey","detail":{"errorcode":"oauth.v2.InvalidApiKey"}}}`
	)
	tests := []struct {
		name    string
		headers []string
		status  int
		body    string // empty: any
		why     string // in WWW-Authenticate
	}{
		{"token", []string{"Authorization", "Bearer " + token}, 200, "", ""},
		{"scheme in lower case", []string{"Authorization", "bearer " + token}, 200, "", ""},
		{"API key", []string{"apikey", apiKey}, 200, "", ""},
		{"both", []string{"Authorization", "Bearer " + token, "apikey", apiKey}, 200, "", ""},
		{"neither", nil, 401, invalid, "oauth.v2.InvalidAccessToken: Invalid access token"},
		{"empty", []string{"Authorization", ""}, 401, invalid, "oauth.v2.InvalidAccessToken: Invalid access token"},
		{
			"another scheme",
			[]string{"Authorization", "Basic " + token},
			401, invalid,
			"oauth.v2.InvalidAccessToken: Invalid access token",
		},
		{
			"no token",
			[]string{"Authorization", "Bearer "},
			401, invalid,
			"oauth.v2.InvalidAccessToken: Invalid access token",
		},
		{
			"unknown token",
			[]string{"Authorization", "Bearer x"},
			401, unknown,
			"keymanagement.service.invalid_access_token: Invalid Access Token",
		},
		{
			"API key as token",
			[]string{"Authorization", "Bearer " + apiKey},
			401, unknown,
			"keymanagement.service.invalid_access_token: Invalid Access Token",
		},
		{"unknown API key", []string{"apikey", "x"}, 401, badKey, ""},
		{"token as API key", []string{"apikey", token}, 401, badKey, ""},
		{"X-API-Key", []string{"X-API-Key", apiKey}, 401, invalid, "oauth.v2.InvalidAccessToken: Invalid access token"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			for _, path := range []string{hello, requests} {
				got := call(s, "GET", path, tt.headers...)
				wantStatus(t, got, tt.status)
				if tt.body != "" && got.body != tt.body {
					t.Errorf("body %s, want %s", got.body, tt.body)
				}
				want := ""
				if tt.why != "" {
					want = `Bearer realm="null",error="invalid_token",error_description="` + tt.why + `"`
				}
				if h := got.header.Get("WWW-Authenticate"); h != want {
					t.Errorf("WWW-Authenticate %s, want %s", h, want)
				}
			}
		})
	}
}

func TestAPIExpiry(t *testing.T) {
	t.Parallel()
	c := newClock()
	s := newSimulator(c, nil)
	header := []string{"Authorization", "Bearer " + newDraft(c.Now()).send(s).field("access_token")}
	c.Advance(599*time.Second - time.Millisecond)
	wantStatus(t, call(s, "GET", hello, header...), 200)
	c.Advance(time.Millisecond)
	got := call(s, "GET", hello, header...)
	wantStatus(t, got, 401)
	want := `{"fault":{"faultstring":"Access Token ` +
		`expired","detail":{"errorcode":"keymanagement.service.access_token_expired"}}}`
	if got.body != want {
		t.Errorf("body %s, want %s", got.body, want)
	}
}

func TestAPIBodies(t *testing.T) {
	t.Parallel()
	s := newSimulator(newClock(), nil)
	tests := []struct {
		method, path string
		status       int
		contentType  string
		field, want  string
	}{
		{"GET", hello, 200, "application/json", "message", "Hello Application!"},
		{"GET", requests + "?_count=1", 200, "application/fhir+json", "resourceType", "Bundle"},
		{
			"GET", "/genomic-data-access/FHIR/R4/Patient", 404, "application/fhir+json", "resourceType",
			"OperationOutcome",
		},
		{"POST", requests, 404, "application/fhir+json", "resourceType", "OperationOutcome"},
		{"GET", "/hello-world/", 404, "application/fhir+json", "resourceType", "OperationOutcome"},
		{"GET", "/hello-world/_ping", 200, "application/json", "revision", "1"},
		{"GET", "/genomic-data-access/_ping", 200, "application/json", "revision", "1"},
	}
	for _, tt := range tests {
		t.Run(tt.method+" "+tt.path, func(t *testing.T) {
			t.Parallel()
			got := call(s, tt.method, tt.path, "apikey", apiKey)
			wantStatus(t, got, tt.status)
			if ct := got.header.Get("Content-Type"); ct != tt.contentType {
				t.Errorf("Content-Type %q, want %q", ct, tt.contentType)
			}
			if v := got.field(tt.field); v != tt.want {
				t.Errorf("%s %q, want %q", tt.field, v, tt.want)
			}
		})
	}
	for _, open := range []string{"/hello-world/_ping", "/genomic-data-access/_ping"} {
		wantStatus(t, call(s, "GET", open), 200)
	}
	wantStatus(t, call(s, "GET", "/genomic-data-access/nothing"), 401) // who asks is looked at first
}

func TestBundle(t *testing.T) {
	t.Parallel()
	s := newSimulator(newClock(), nil)
	var bundle struct {
		Total int
		Entry []struct {
			Resource struct{ ResourceType, ID, Status string }
		}
	}
	if err := json.Unmarshal([]byte(call(s, "GET", requests, "apikey", apiKey).body), &bundle); err != nil {
		t.Fatal(err)
	}
	if bundle.Total != len(bundle.Entry) || bundle.Total == 0 {
		t.Errorf("total %d, entries %d", bundle.Total, len(bundle.Entry))
	}
	for _, e := range bundle.Entry {
		if e.Resource.ResourceType != "ServiceRequest" || e.Resource.ID == "" || e.Resource.Status == "" {
			t.Errorf("entry %+v", e.Resource)
		}
	}
}

// TestNoAPIKeyConfigured: an application that is not known has no API key either.
func TestNoAPIKeyConfigured(t *testing.T) {
	t.Parallel()
	s := simulator.New(simulator.Config{})
	wantStatus(t, call(s, "GET", hello, "apikey", ""), 401)
	wantStatus(t, call(s, "GET", hello, "apikey", apiKey), 401)
}
