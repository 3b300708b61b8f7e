package simulator

import (
	"encoding/json"
	"maps"
	"math"
	"net/http"
	"path"
	"strings"
	"time"
)

// Identifier systems, as NHS-NGS/cgpclient reads and sends them.
const (
	referralSystem    = "https://genomicsengland.co.uk/ngis-referral-id"
	participantSystem = "https://genomicsengland.co.uk/ngis-participant-id"
	wekaSystem        = "https://genomicsengland.co.uk/ngis-weka-file-path"
	categorySystem    = "https://genomicsengland.co.uk/ngis-file-category"
	workspaceSystem   = "https://genomicsengland.co.uk/workspace_id"
	sizeExtension     = "https://genomicsengland.co.uk/file-size"
	odsSystem         = "https://fhir.nhs.uk/Id/ods-organization-code"
	directorySystem   = "https://fhir.nhs.uk/CodeSystem/England-GenomicTestDirectory"
)

// The made-up family and organisation that the examples belong to. The numbers are those of cgpclient's own help text.
const (
	exampleODS      = "SIM01"
	exampleReferral = "r30000000001"
	exampleProband  = "p12345678301"
	exampleRun      = "250707_SIM0001_0001_SIMULATED"
	exampleFolder   = "https://" + exampleODS + ".nhs.uk/" // of the identifiers that the organisation gives itself
)

// resource is a FHIR resource, as encoding/json reads it.
type resource = map[string]any

func identifier(system, value string) resource { return resource{"system": system, "value": value} }

func identified(kind, system, value string) resource {
	return resource{"type": kind, "identifier": identifier(system, value)}
}

func coded(system, code, display string) resource {
	return resource{"coding": []any{resource{"system": system, "code": code, "display": display}}}
}

// fhirTime is an instant in the form that FHIR wants.
func fhirTime(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05.000Z07:00") }

// serviceRequest returns a made-up referral of a person who does not exist.
func serviceRequest(id, referral, participant, updated, status, code, display string) resource {
	return resource{
		"resourceType": "ServiceRequest",
		"id":           id,
		"meta":         resource{"versionId": "1", "lastUpdated": updated},
		"identifier":   []any{identifier(referralSystem, referral)},
		"status":       status,
		"intent":       "order",
		"category":     []any{coded("http://snomed.info/sct", "116148004", "Molecular genetic test")},
		"orderDetail":  []any{coded(directorySystem, code, display)},
		"subject":      identified("Patient", participantSystem, participant),
		"authoredOn":   updated,
		"requester":    resource{"type": "Organization", "display": "Example Genomic Laboratory Hub"},
		"performer":    []any{identified("Organization", odsSystem, exampleODS)},
	}
}

// relatedPerson returns a made-up relative of the first referral's proband.
func relatedPerson(id, participant, role, code string) resource {
	return resource{
		"resourceType": "RelatedPerson",
		"id":           id,
		"meta":         resource{"versionId": "1", "lastUpdated": "2025-06-30T10:00:00.000Z"},
		"identifier":   []any{identifier(participantSystem, participant)},
		"patient":      identified("Patient", participantSystem, exampleProband),
		"relationship": []any{coded("http://terminology.hl7.org/CodeSystem/v3-RoleCode", code, role)},
	}
}

// exampleResources returns the made-up resources of a type that are not about files.
func exampleResources(kind string) []resource {
	switch kind {
	case "ServiceRequest":
		return []resource{
			serviceRequest("7b0c1f43-55f0-4c7e-8a4d-1f7a1c0f0001", exampleReferral, exampleProband,
				"2025-07-01T09:30:00.000Z", "active", "R193.4", "Cystic renal disease WGS"),
			serviceRequest("7b0c1f43-55f0-4c7e-8a4d-1f7a1c0f0002", "r30000000002", "p12345678401",
				"2025-09-11T14:05:00.000Z", "completed", "M89.1", "Acute leukaemia WGS"),
		}
	case "RelatedPerson":
		return []resource{
			relatedPerson("7b0c1f43-55f0-4c7e-8a4d-1f7a1c0f0011", "p12345678302", "mother", "MTH"),
			relatedPerson("7b0c1f43-55f0-4c7e-8a4d-1f7a1c0f0012", "p12345678303", "father", "FTH"),
		}
	}
	return nil
}

// maxListedSum is the largest file of which a DocumentReference has the checksum, if DRS was not asked for it before.
const maxListedSum = 1 << 20

// documentReference returns the resource for a file, in the shape that the platform and cgpclient give it.
func (s *Simulator) documentReference(r *http.Request, i item) resource {
	attachment := resource{
		"contentType": mimeOf(i.path),
		"url":         s.drsURI(r, i.id),
		"size":        min(i.size, math.MaxInt32), // FHIR has no larger number here
		"title":       i.name(),
	}
	if sum, err := s.library.knownMD5(i, maxListedSum); err == nil && sum != "" {
		attachment["hash"] = sum
	}
	name, _, _ := strings.Cut(i.name(), ".")
	return resource{
		"resourceType": "DocumentReference",
		"id":           idOf("DocumentReference\n" + i.path),
		"meta":         resource{"versionId": "1", "lastUpdated": fhirTime(i.modified)},
		"identifier": []any{
			identifier(exampleFolder+"file-id", i.name()),
			identifier(wekaSystem, "/simulated/"+i.path),
		},
		"status":    "current",
		"docStatus": "final",
		"category":  []any{resource{"coding": []any{resource{"system": categorySystem, "code": categoryOf(i.path)}}}},
		"subject":   identified("Patient", participantSystem, exampleProband),
		"author":    []any{identified("Organization", odsSystem, exampleODS)},
		"content":   []any{resource{"attachment": attachment}},
		"context": resource{"related": []any{
			identified("ServiceRequest", referralSystem, exampleReferral),
			identified("Specimen", exampleFolder+"lab-sample-id", name),
			identified("Procedure", exampleFolder+"sequencing-run-id", exampleRun),
		}},
		"extension": []any{resource{"url": sizeExtension, "valueDecimal": i.size}},
	}
}

// categoryOf returns what kind of file it is.
func categoryOf(name string) string {
	switch kind := mimeOf(name); kind {
	case "application/bam", "application/cram", "text/vcf", "text/fasta", "text/fastq":
		return strings.ToUpper(path.Base(kind))
	case "application/index":
		return "INDEX"
	}
	return "OTHER"
}

// plain returns a resource as encoding/json reads it: a copy that shares nothing.
func plain(r resource) resource {
	b, err := json.Marshal(r)
	if err != nil {
		panic(err) // it has only strings, numbers, lists and maps
	}
	var out resource
	if err := json.Unmarshal(b, &out); err != nil {
		panic(err)
	}
	return out
}

// resources returns every resource of a type: the examples, the files, and what was posted.
func (s *Simulator) resources(r *http.Request, kind string) ([]resource, error) {
	var all []resource
	for _, one := range exampleResources(kind) {
		all = append(all, plain(one))
	}
	if kind == "DocumentReference" {
		items, err := s.library.all()
		if err != nil {
			return nil, err
		}
		for _, i := range items {
			all = append(all, plain(s.documentReference(r, i)))
		}
	}
	s.posted.mu.Lock()
	defer s.posted.mu.Unlock()
	for _, one := range s.posted.all {
		if one["resourceType"] == kind {
			all = append(all, maps.Clone(one))
		}
	}
	return all, nil
}
