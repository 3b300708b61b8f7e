package simulator

import (
	"encoding/base64"
	"encoding/hex"
	"html"
	"io"
	"net/http"
	"net/http/httputil"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

// uploadPart is one part of a multipart upload.
type uploadPart struct {
	number int
	data   *stored
}

// maxParts is S3's own limit.
const maxParts = 10_000

// owned answers a request with credentials of an upload-request: an upload of the object that they are for. The
// signature itself is not checked, because it says nothing about how a client finds its credentials.
func (b *bucket) owned(r *http.Request, key string) answer {
	g, refused := b.checkCredentials(r, key)
	if refused != nil {
		return *refused
	}
	q := r.URL.Query()
	switch {
	case r.Method == http.MethodPut && q.Has("uploadId"):
		return b.putPart(r, g, q)
	case r.Method == http.MethodPut:
		return b.putObject(r, g)
	case r.Method == http.MethodPost && q.Has("uploads"):
		return b.beginUpload(g)
	case r.Method == http.MethodPost && q.Has("uploadId"):
		return b.completeUpload(r, g, q.Get("uploadId"))
	case r.Method == http.MethodDelete && q.Has("uploadId"):
		return b.abortUpload(g, q.Get("uploadId"))
	}
	return s3Error(http.StatusForbidden, "AccessDenied", "Access Denied")
}

// checkCredentials looks for the access key and the session token of a grant.
func (b *bucket) checkCredentials(r *http.Request, key string) (*grant, *answer) {
	_, rest, _ := strings.Cut(r.Header.Get("Authorization"), "Credential=")
	accessKey, _, _ := strings.Cut(rest, "/")
	b.uploads.mu.Lock()
	defer b.uploads.mu.Unlock()
	g := b.uploads.get(func(g *grant) bool { return g.accessKey == accessKey })
	var a answer
	switch {
	case g == nil:
		a = s3Error(http.StatusForbidden, "InvalidAccessKeyId",
			"The AWS Access Key Id you provided does not exist in our records.")
	case r.Header.Get("X-Amz-Security-Token") != g.token:
		a = s3Error(http.StatusBadRequest, "InvalidToken", "The provided token is malformed or otherwise invalid.")
	case !strings.Contains(r.Header.Get("Authorization"), "Signature="):
		a = s3Error(http.StatusBadRequest, "AuthorizationHeaderMalformed", "The authorization header is malformed.")
	case !b.config.Now().Before(g.expires):
		a = s3Error(http.StatusBadRequest, "ExpiredToken", "The provided token has expired.")
	case key != g.key, g.object != nil: // a registered object may be in a client's hands
		a = s3Error(http.StatusForbidden, "AccessDenied", "Access Denied")
	default:
		return g, nil
	}
	return nil, &a
}

// receive stores a request's body, if it is what its headers say.
func (b *bucket) receive(r *http.Request) (*stored, *answer) {
	refuse := func(status int, code, message string) (*stored, *answer) {
		a := s3Error(status, code, message)
		return nil, &a
	}
	body := io.Reader(r.Body)
	said := r.Header.Get("X-Amz-Content-Sha256")
	switch {
	case strings.HasPrefix(said, "STREAMING-"):
		body = httputil.NewChunkedReader(body) // S3's chunks are HTTP's, with a signature as extension
	case r.ContentLength < 0:
		return refuse(http.StatusLengthRequired, "MissingContentLength",
			"You must provide the Content-Length HTTP header.")
	}
	data, err := b.uploads.stored.keep(body, b.config.Now())
	if err != nil {
		return refuse(http.StatusBadRequest, "IncompleteBody",
			"You did not provide the number of bytes specified by the Content-Length HTTP header")
	}
	sum, _ := hex.DecodeString(data.md5)
	switch want := r.Header.Get("Content-MD5"); {
	case want != "" && want != base64.StdEncoding.EncodeToString(sum):
		b.uploads.stored.drop(data.file)
		return refuse(http.StatusBadRequest, "BadDigest",
			"The Content-MD5 you specified did not match what we received.")
	case len(said) == len(data.sha256) && said != data.sha256:
		b.uploads.stored.drop(data.file)
		return refuse(http.StatusBadRequest, "XAmzContentSHA256Mismatch",
			"The provided 'x-amz-content-sha256' header does not match what was computed.")
	}
	return data, nil
}

// putObject stores a whole object.
func (b *bucket) putObject(r *http.Request, g *grant) answer {
	data, refused := b.receive(r)
	if refused != nil {
		return *refused
	}
	b.uploads.mu.Lock()
	defer b.uploads.mu.Unlock()
	b.replace(g, data)
	return tagged(data)
}

// replace makes data the object's. The caller has the lock.
func (b *bucket) replace(g *grant, data *stored) {
	if g.data != nil {
		b.uploads.stored.drop(g.data.file)
	}
	g.data = data
}

func tagged(data *stored) answer {
	a := answer{status: http.StatusOK}
	a.header("ETag", `"`+data.md5+`"`)
	return a
}

func (b *bucket) beginUpload(g *grant) answer {
	id := randomHex(16)
	b.uploads.mu.Lock()
	defer b.uploads.mu.Unlock()
	g.multiparts[id] = []*uploadPart{}
	return xmlAnswer("InitiateMultipartUploadResult", "Bucket", bucketName, "Key", g.key, "UploadId", id)
}

func noSuchUpload() answer {
	return s3Error(http.StatusNotFound, "NoSuchUpload", "The specified multipart upload does not exist.")
}

func (b *bucket) putPart(r *http.Request, g *grant, q url.Values) answer {
	id := q.Get("uploadId")
	number, err := strconv.Atoi(q.Get("partNumber"))
	if err != nil || number < 1 || number > maxParts {
		return s3Error(http.StatusBadRequest, "InvalidArgument",
			"Part number must be an integer between 1 and 10000, inclusive")
	}
	b.uploads.mu.Lock()
	_, ok := g.multiparts[id]
	b.uploads.mu.Unlock()
	if !ok {
		return noSuchUpload()
	}
	data, refused := b.receive(r)
	if refused != nil {
		return *refused
	}
	b.uploads.mu.Lock()
	defer b.uploads.mu.Unlock()
	parts, ok := g.multiparts[id]
	if !ok { // it was ended meanwhile
		b.uploads.stored.drop(data.file)
		return noSuchUpload()
	}
	parts = slices.DeleteFunc(parts, func(p *uploadPart) bool {
		if p.number == number {
			b.uploads.stored.drop(p.data.file)
		}
		return p.number == number
	})
	g.multiparts[id] = append(parts, &uploadPart{number, data})
	return tagged(data)
}

// completeUpload puts the parts of an upload together, in the order of the request's list.
func (b *bucket) completeUpload(r *http.Request, g *grant, id string) answer {
	raw, err := io.ReadAll(io.LimitReader(r.Body, maxUploadRequest))
	list := listedParts(string(raw))
	if err != nil || len(list) == 0 {
		return s3Error(http.StatusBadRequest, "MalformedXML", "The XML you provided was not well-formed or did not "+
			"validate against our published schema")
	}
	b.uploads.mu.Lock()
	defer b.uploads.mu.Unlock()
	parts, ok := g.multiparts[id]
	if !ok {
		return noSuchUpload()
	}
	var all []io.Reader
	last := 0
	for _, want := range list {
		i := slices.IndexFunc(parts, func(p *uploadPart) bool { return p.number == want.number })
		if i < 0 || want.md5 != parts[i].data.md5 {
			return s3Error(http.StatusBadRequest, "InvalidPart",
				"One or more of the specified parts could not be found.")
		}
		if want.number <= last {
			return s3Error(http.StatusBadRequest, "InvalidPartOrder", "The list of parts was not in ascending order.")
		}
		last = want.number
		all = append(all, parts[i].data.open())
	}
	data, err := b.uploads.stored.keep(io.MultiReader(all...), b.config.Now())
	if err != nil {
		return s3Error(http.StatusInternalServerError, "InternalError", "The parts can't be put together")
	}
	b.replace(g, data)
	b.forget(g, id)
	return xmlAnswer("CompleteMultipartUploadResult", "Bucket", bucketName, "Key", g.key,
		"ETag", `"`+data.md5+"-"+strconv.Itoa(len(list))+`"`)
}

// listedPart is a part in the list that ends an upload.
type listedPart struct {
	number int
	md5    string
}

// listedParts reads a CompleteMultipartUpload document. It returns nil for one that it can't read. encoding/xml would
// cost each start of cgp-cred time, and the document has one shape.
func listedParts(document string) (parts []listedPart) {
	element := func(in, name string) (text string, ok bool) {
		_, rest, opened := strings.Cut(in, "<"+name+">")
		text, _, closed := strings.Cut(rest, "</"+name+">")
		return html.UnescapeString(strings.TrimSpace(text)), opened && closed
	}
	if strings.Count(document, "<Part>") != strings.Count(document, "</Part>") {
		return nil
	}
	for strings.Contains(document, "<Part>") {
		body, rest, _ := strings.Cut(document[strings.Index(document, "<Part>"):], "</Part>")
		number, numbered := element(body, "PartNumber")
		tag, tagged := element(body, "ETag")
		n, err := strconv.Atoi(number)
		if !numbered || !tagged || err != nil {
			return nil
		}
		parts = append(parts, listedPart{n, strings.Trim(tag, `"`)})
		document = rest
	}
	return parts
}

// forget removes the parts of an upload. The caller has the lock.
func (b *bucket) forget(g *grant, id string) {
	for _, p := range g.multiparts[id] {
		b.uploads.stored.drop(p.data.file)
	}
	delete(g.multiparts, id)
}

func (b *bucket) abortUpload(g *grant, id string) answer {
	b.uploads.mu.Lock()
	defer b.uploads.mu.Unlock()
	if _, ok := g.multiparts[id]; !ok {
		return noSuchUpload()
	}
	b.forget(g, id)
	return answer{status: http.StatusNoContent}
}
