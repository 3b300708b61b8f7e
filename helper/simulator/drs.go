package simulator

import (
	"net/http"
	"net/url"
	"strings"
	"time"
)

const drsRegion = "eu-west-2"

type checksum struct {
	Checksum string `json:"checksum"`
	Type     string `json:"type"`
}

type accessURL struct {
	URL     string   `json:"url"`
	Headers []string `json:"headers,omitempty"`
}

type accessMethod struct {
	Type      string     `json:"type"`
	AccessURL *accessURL `json:"access_url,omitempty"`
	AccessID  string     `json:"access_id,omitempty"`
	Region    string     `json:"region,omitempty"`
}

// drsObject is a GA4GH DRS 1.4 object.
type drsObject struct {
	ID            string         `json:"id"`
	Name          string         `json:"name,omitempty"`
	SelfURI       string         `json:"self_uri"`
	Size          int64          `json:"size"`
	CreatedTime   string         `json:"created_time"`
	UpdatedTime   string         `json:"updated_time,omitempty"`
	MIMEType      string         `json:"mime_type,omitempty"`
	Checksums     []checksum     `json:"checksums"`
	AccessMethods []accessMethod `json:"access_methods"`
}

// drsError returns an answer in the format of DRS.
func drsError(status int, msg string) answer {
	a := jsonAnswer(status, "application/json", struct {
		Msg    string `json:"msg"`
		Status int    `json:"status_code"`
	}{msg, status})
	a.problem = msg
	return a
}

func noObject() answer { return drsError(http.StatusNotFound, "The requested DrsObject wasn't found") }

// drs answers for the DRS service: objects, and the addresses of their data.
func (s *Simulator) drs(r *http.Request, rest string) answer {
	parts := strings.Split(rest, "/")
	switch {
	case rest == "service-info" && reads(r):
		return serviceInfo("drs", "1.4.0")
	case rest == "objects" && r.Method == http.MethodPost:
		return s.register(r)
	case len(parts) == 2 && parts[0] == "objects" && reads(r):
		return s.drsObject(r, parts[1])
	case len(parts) == 4 && parts[0] == "objects" && parts[2] == "access" && reads(r):
		return s.drsAccess(r, parts[1], parts[3])
	case parts[0] == "objects" && (len(parts) == 2 || len(parts) == 4):
		return drsError(http.StatusMethodNotAllowed, "Method not allowed")
	}
	return drsError(http.StatusNotFound, "Not found")
}

// drsItem returns the file with an escaped ID, and the object that a client registered for it, if one did.
func (s *Simulator) drsItem(escaped string) (item, *drsObject, bool) {
	id, err := url.PathUnescape(escaped)
	if err != nil {
		return item{}, nil, false
	}
	return s.byID(id)
}

func (s *Simulator) drsObject(r *http.Request, id string) answer {
	i, registered, ok := s.drsItem(id)
	if !ok {
		return noObject()
	}
	if registered != nil {
		return jsonAnswer(http.StatusOK, "application/json", registered)
	}
	sum, err := s.library.checksum(i)
	if err != nil {
		return drsError(http.StatusInternalServerError, "The data of this DrsObject can't be read")
	}
	stamp := i.modified.UTC().Format(time.RFC3339)
	return jsonAnswer(http.StatusOK, "application/json", drsObject{
		ID: i.id, Name: i.name(), SelfURI: s.drsURI(r, i.id), Size: i.size, CreatedTime: stamp, UpdatedTime: stamp,
		MIMEType: mimeOf(i.path), Checksums: []checksum{sum}, AccessMethods: s.accessMethods(r, i),
	})
}

func (s *Simulator) drsURI(r *http.Request, id string) string {
	return "drs://" + s.authority(r) + "/" + genomicAPI + "/" + id
}

// accessMethods returns the ways to an object's data: S3, the same by https, and htsget if the file has an index.
func (s *Simulator) accessMethods(r *http.Request, i item) []accessMethod {
	methods := []accessMethod{
		{
			Type: "s3", AccessID: "s3", Region: drsRegion,
			AccessURL: &accessURL{URL: "s3://" + bucketName + "/" + i.key()},
		},
		{Type: "https", AccessID: "https", Region: drsRegion},
	}
	if kind := htsgetKind(i.path); kind != "" {
		if _, ok := s.indexOf(i); ok {
			at := s.apiURL(r, "ga4gh/htsget/v1.3/"+kind+"/"+i.id)
			methods = append(methods, accessMethod{Type: "htsget", AccessURL: &accessURL{URL: at}})
		}
	}
	return methods
}

// drsAccess returns the address of an object's data: on the second host with a signature, or on the API with the
// caller's own credential.
func (s *Simulator) drsAccess(r *http.Request, id, accessID string) answer {
	i, _, ok := s.drsItem(id)
	if !ok || accessID != "s3" && accessID != "https" {
		return drsError(http.StatusNotFound, "The requested access_id wasn't found")
	}
	at, refused := s.dataAt(r, i, accessID == "https")
	if refused != nil {
		return *refused
	}
	answer := accessURL{URL: at.url}
	for _, h := range at.headers {
		answer.Headers = append(answer.Headers, h[0]+": "+h[1])
	}
	return jsonAnswer(http.StatusOK, "application/json", answer)
}

// address is where a file's data is, and the headers that a request for it needs.
type address struct {
	url     string
	headers [][2]string
}

// dataAt returns where a file's data is. mayBeAPI allows the API's own host, if the simulator is told to give that.
func (s *Simulator) dataAt(r *http.Request, i item, mayBeAPI bool) (address, *answer) {
	if mayBeAPI && s.config.DataOnAPI && i.data == nil {
		name, value := callersCredential(r)
		return address{s.apiURL(r, "files/"+escapePath(i.path)), [][2]string{{name, value}}}, nil
	}
	signed, ok := s.bucket.presign(r, i.key(), s.config.Now())
	if !ok {
		a := drsError(http.StatusInternalServerError, "The simulator has no second host: call SetBucketURL")
		return address{}, &a
	}
	return address{url: signed}, nil
}

// serviceInfo returns a GA4GH service-info document.
func serviceInfo(artifact, version string) answer {
	return jsonAnswer(http.StatusOK, "application/json", map[string]any{
		"id":           "test.example.simulator." + artifact,
		"name":         "Simulated " + artifact,
		"type":         map[string]string{"group": "org.ga4gh", "artifact": artifact, "version": version},
		"organization": map[string]string{"name": "cgp-cred simulate", "url": "https://example.test"},
		"version":      "simulated",
	})
}
