package simulator

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
)

// postedResources are the FHIR resources that clients have sent. They are lost with the simulator.
type postedResources struct {
	mu  sync.Mutex
	all []resource
}

const (
	maxFHIRBody = 8 << 20
	maxPosted   = 10_000
)

// fhir answers for the FHIR service: searches, single resources, and new ones.
func (s *Simulator) fhir(r *http.Request, rest string) answer {
	kind, id, _ := strings.Cut(strings.TrimSuffix(rest, "/"), "/")
	_, known := parameters(kind)
	switch {
	case kind == "" && r.Method == http.MethodPost:
		return s.postBundle(r)
	case kind == "metadata" && id == "" && reads(r):
		return capabilities()
	case !known:
	case reads(r) && id == "":
		return s.search(r, kind)
	case reads(r):
		return s.resource(r, kind, id)
	case r.Method == http.MethodPost && id == "" && postable(kind):
		return s.postResource(r, kind)
	}
	return notFound()
}

// postable reports whether clients may make resources of a type. Referrals and relatives come from elsewhere.
func postable(kind string) bool {
	_, known := parameters(kind)
	return known && kind != "ServiceRequest" && kind != "RelatedPerson"
}

// resource answers with one resource.
func (s *Simulator) resource(r *http.Request, kind, id string) answer {
	all, err := s.resources(r, kind)
	if err != nil {
		return notFound()
	}
	for _, one := range all {
		if one["id"] == any(id) {
			return jsonAnswer(http.StatusOK, fhirJSON, one)
		}
	}
	return notFound()
}

// readResource reads the body of a POST. cgpclient sends no content type, so none is asked for.
func readResource(r *http.Request, kind string) (resource, *answer) {
	body, err := io.ReadAll(io.LimitReader(r.Body, maxFHIRBody+1))
	var a answer
	var got resource
	switch {
	case len(body) > maxFHIRBody:
		a = outcome(http.StatusRequestEntityTooLarge, "too-long", "INVALID_RESOURCE", "The body is over 8 MiB")
	case err != nil || json.Unmarshal(body, &got) != nil:
		a = outcome(http.StatusBadRequest, "structure", "INVALID_RESOURCE", "The body is not a JSON object")
	case got["resourceType"] != any(kind):
		a = outcome(http.StatusBadRequest, "invalid", "INVALID_RESOURCE", "The body is not a "+kind)
	default:
		return got, nil
	}
	return nil, &a
}

// postResource stores one resource under a new ID.
func (s *Simulator) postResource(r *http.Request, kind string) answer {
	got, refused := readResource(r, kind)
	if refused != nil {
		return *refused
	}
	if !s.store([]resource{got}, nil) {
		return tooMany()
	}
	a := jsonAnswer(http.StatusCreated, fhirJSON, got)
	a.header("Location", fmt.Sprintf("%s%s/%v", backendURL, kind, got["id"]))
	return a
}

// store gives new resources their IDs and keeps them: all, or none of them. named has those to which others may refer,
// by the names that they had in their Bundle.
func (s *Simulator) store(all []resource, named map[string]resource) bool {
	s.posted.mu.Lock()
	defer s.posted.mu.Unlock()
	if len(s.posted.all)+len(all) > maxPosted {
		return false
	}
	now := fhirTime(s.config.Now())
	for _, one := range all {
		one["id"] = randomUUID()
		meta, ok := one["meta"].(resource)
		if !ok {
			meta = resource{}
		}
		meta["versionId"], meta["lastUpdated"] = "1", now
		one["meta"] = meta
	}
	for _, one := range all {
		refer(one, named)
	}
	s.posted.all = append(s.posted.all, all...)
	return true
}

// refer makes references to resources of the same Bundle references to what they have become.
func refer(v any, named map[string]resource) {
	switch v := v.(type) {
	case []any:
		for _, one := range v {
			refer(one, named)
		}
	case resource:
		if text, ok := v["reference"].(string); ok && named[text] != nil {
			v["reference"] = fmt.Sprintf("%v/%v", named[text]["resourceType"], named[text]["id"])
		}
		for _, one := range v {
			refer(one, named)
		}
	}
}

func tooMany() answer {
	return outcome(http.StatusRequestEntityTooLarge, "too-costly", "INVALID_RESOURCE",
		"The simulator keeps 10,000 resources")
}

// postBundle stores the resources of a transaction or a batch.
func (s *Simulator) postBundle(r *http.Request) answer {
	bundle, refused := readResource(r, "Bundle")
	if refused != nil {
		return *refused
	}
	kind, _ := bundle["type"].(string)
	if kind != "transaction" && kind != "batch" {
		return outcome(http.StatusBadRequest, "invalid", "INVALID_RESOURCE", "The Bundle is no transaction or batch")
	}
	entries, _ := bundle["entry"].([]any)
	var all []resource
	named := make(map[string]resource)
	for n, entry := range entries {
		one, problem := newResource(entry)
		if problem != "" {
			problem = fmt.Sprintf("entry %d: %s", n, problem)
			return outcome(http.StatusBadRequest, "invalid", "INVALID_RESOURCE", problem)
		}
		all = append(all, one)
		if full, _ := entry.(resource)["fullUrl"].(string); full != "" {
			named[full] = one
		}
	}
	if !s.store(all, named) {
		return tooMany()
	}
	return created(kind, all)
}

// newResource returns the resource of a Bundle's entry, or what is wrong with it.
func newResource(entry any) (resource, string) {
	e, _ := entry.(resource)
	one, _ := e["resource"].(resource)
	request, _ := e["request"].(resource)
	kind, _ := one["resourceType"].(string)
	switch {
	case one == nil || request == nil:
		return nil, "it has no resource or no request"
	case request["method"] != any(http.MethodPost):
		return nil, "its method is not POST"
	case request["url"] != any(kind):
		return nil, "its url is not the resource's type"
	case !postable(kind):
		return nil, "the API takes no such resource"
	}
	return one, ""
}

// created returns the answer to a Bundle of which every entry was stored.
func created(kind string, all []resource) answer {
	bundle := resource{"resourceType": "Bundle", "id": randomUUID(), "type": kind + "-response"}
	var entries []any
	for _, one := range all {
		meta, _ := one["meta"].(resource)
		entries = append(entries, resource{"response": resource{
			"status": "201 Created", "etag": `W/"1"`, "lastModified": meta["lastUpdated"],
			"location": fmt.Sprintf("%v/%v/_history/1", one["resourceType"], one["id"]),
		}})
	}
	if entries != nil {
		bundle["entry"] = entries
	}
	return jsonAnswer(http.StatusOK, fhirJSON, bundle)
}

// capabilities returns what the FHIR service says about itself.
func capabilities() answer {
	return jsonAnswer(http.StatusOK, fhirJSON, resource{
		"resourceType": "CapabilityStatement", "status": "active", "kind": "instance", "date": "2025-07-07",
		"fhirVersion": "4.0.1", "format": []any{"json"},
		"rest": []any{resource{"mode": "server"}},
	})
}
