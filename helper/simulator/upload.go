package simulator

import (
	"cmp"
	"encoding/json"
	"io"
	"net/http"
	"path"
	"strings"
	"sync"
	"time"
)

const (
	maxUploadRequest = 1 << 20
	maxUploads       = 1000
	grantLife        = time.Hour
)

// grant is the permission to upload one object, and what became of it.
type grant struct {
	id, name, mime string
	size           int64
	sums           []checksum
	key            string // in the bucket
	accessKey      string
	token          string
	expires        time.Time

	data       *stored                  // nil: nothing was uploaded
	multiparts map[string][]*uploadPart // by upload ID
	object     *drsObject               // nil: not registered
}

// uploads are the objects that clients upload. They are lost with the simulator.
type uploads struct {
	mu     sync.Mutex
	all    []*grant
	stored storage
}

// get returns the first grant that is wanted. The caller has the lock.
func (u *uploads) get(wanted func(g *grant) bool) *grant {
	for _, g := range u.all {
		if wanted(g) {
			return g
		}
	}
	return nil
}

// item returns an uploaded object that was registered with DRS.
func (u *uploads) item(wanted func(g *grant) bool) (item, *drsObject) {
	u.mu.Lock()
	defer u.mu.Unlock()
	g := u.get(wanted)
	if g == nil || g.object == nil {
		return item{}, nil
	}
	return g.item(), g.object
}

func (g *grant) item() item {
	return item{id: g.id, path: g.name, size: g.data.size, modified: g.data.modified, data: g.data, at: g.key}
}

// index returns an uploaded file that is the index of another.
func (u *uploads) index(i item) (item, bool) {
	u.mu.Lock()
	defer u.mu.Unlock()
	for _, e := range indexEndings(i.path) {
		name := strings.TrimSuffix(i.path, e.without) + e.with
		if g := u.get(func(g *grant) bool { return g.name == name && g.object != nil }); g != nil {
			return g.item(), true
		}
	}
	return item{}, false
}

type uploadObject struct {
	ID        string         `json:"id,omitempty"`
	SelfURI   string         `json:"self_uri,omitempty"`
	Name      string         `json:"name"`
	Size      int64          `json:"size"`
	MIMEType  string         `json:"mime_type"`
	Checksums []checksum     `json:"checksums"`
	Methods   []uploadMethod `json:"upload_methods,omitempty"`
}

type uploadMethod struct {
	Type        string            `json:"type"`
	AccessURL   accessURL         `json:"access_url"`
	Region      string            `json:"region"`
	Credentials map[string]string `json:"credentials"`
}

// uploadRequest answers with where to upload objects, and with credentials for each.
func (s *Simulator) uploadRequest(r *http.Request) answer {
	body, err := io.ReadAll(io.LimitReader(r.Body, maxUploadRequest+1))
	var request struct {
		Objects []uploadObject `json:"objects"`
	}
	switch {
	case len(body) > maxUploadRequest:
		return drsError(http.StatusRequestEntityTooLarge, "The request is over 1 MiB")
	case err != nil || json.Unmarshal(body, &request) != nil:
		return drsError(http.StatusBadRequest, "The request is not a JSON object with objects")
	case len(request.Objects) == 0:
		return drsError(http.StatusBadRequest, "The request has no objects")
	}
	names := make(map[string]bool)
	for _, o := range request.Objects {
		switch {
		case o.Name == "" || o.Name != path.Base(o.Name) || o.Name == "." || o.Name == "..":
			return drsError(http.StatusBadRequest, "An object's name is not a file's name")
		case names[o.Name]:
			return drsError(http.StatusBadRequest, "Two objects have the same name")
		case o.Size < 0 || o.MIMEType == "" || len(o.Checksums) == 0:
			return drsError(http.StatusBadRequest, "An object has no size, mime_type or checksums")
		}
		names[o.Name] = true
	}
	out := make(map[string]uploadObject)
	for _, o := range request.Objects {
		g, ok := s.grant(o)
		if !ok {
			return drsError(http.StatusServiceUnavailable, "The simulator keeps 1,000 uploads")
		}
		o.ID, o.SelfURI, o.Methods = g.id, s.drsURI(r, g.id), []uploadMethod{g.method()}
		out[o.Name] = o
	}
	return jsonAnswer(http.StatusOK, "application/json", map[string]any{"objects": out})
}

// grant permits the upload of an object.
func (s *Simulator) grant(o uploadObject) (*grant, bool) {
	now := s.config.Now()
	g := &grant{
		id: randomUUID(), name: o.Name, mime: o.MIMEType, size: o.Size, sums: o.Checksums,
		accessKey: "ASIA" + strings.ToUpper(randomHex(8)), token: randomHex(32), expires: now.Add(grantLife),
		multiparts: make(map[string][]*uploadPart),
	}
	g.key = now.UTC().Format("2006/01/02/") + g.id + "/" + g.name
	s.uploads.mu.Lock()
	defer s.uploads.mu.Unlock()
	if len(s.uploads.all) >= maxUploads {
		return nil, false
	}
	s.uploads.all = append(s.uploads.all, g)
	return g, true
}

func (g *grant) method() uploadMethod {
	return uploadMethod{
		Type: "s3", AccessURL: accessURL{URL: "s3://" + bucketName + "/" + g.key}, Region: drsRegion,
		Credentials: map[string]string{
			"AccessKeyId": g.accessKey, "SecretAccessKey": randomHex(20), "SessionToken": g.token,
			"Expiration": g.expires.UTC().Format(time.RFC3339),
		},
	}
}

// register makes an uploaded object a DRS object, if it is what was announced.
func (s *Simulator) register(r *http.Request) answer {
	body, err := io.ReadAll(io.LimitReader(r.Body, maxUploadRequest+1))
	var o drsObject
	if err != nil || len(body) > maxUploadRequest || json.Unmarshal(body, &o) != nil {
		return drsError(http.StatusBadRequest, "The body is not a DrsObject")
	}
	s.uploads.mu.Lock()
	defer s.uploads.mu.Unlock()
	g := s.uploads.get(func(g *grant) bool { return g.id == o.ID })
	switch {
	case g == nil:
		return drsError(http.StatusBadRequest, "The object's id is not from an upload-request")
	case g.data == nil:
		return drsError(http.StatusBadRequest, "The object's data was not uploaded")
	case g.object != nil:
		return drsError(http.StatusConflict, "There is such a DrsObject already")
	case o.SelfURI != s.drsURI(r, g.id):
		return drsError(http.StatusBadRequest, "The object's self_uri is not the one of the upload-request")
	case len(o.AccessMethods) == 0:
		return drsError(http.StatusBadRequest, "The object has no access_methods")
	case o.Size != g.data.size:
		return drsError(http.StatusBadRequest, "The object's size is not that of the data")
	}
	for _, c := range o.Checksums {
		if c.Type == "md5" && c.Checksum != g.data.md5 {
			return drsError(http.StatusBadRequest, "The object's checksum is not that of the data")
		}
	}
	if len(o.Checksums) == 0 {
		return drsError(http.StatusBadRequest, "The object has no checksums")
	}
	o.CreatedTime = cmp.Or(o.CreatedTime, s.config.Now().UTC().Format(time.RFC3339))
	o.Name, o.MIMEType = g.name, cmp.Or(o.MIMEType, g.mime)
	g.object = &o
	return jsonAnswer(http.StatusCreated, "application/json", o)
}
