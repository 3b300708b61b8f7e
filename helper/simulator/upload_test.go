package simulator_test

import (
	"crypto/md5"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"encoding/xml"
	"fmt"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"cgp-cred/helper/simulator"
)

// upload is an object that a client wants to upload, and what upload-request said.
type upload struct {
	ID      string `json:"id"`
	SelfURI string `json:"self_uri"`
	Methods []struct {
		URL   struct{ URL string }                                        `json:"access_url"`
		Creds struct{ AccessKeyID, SecretAccessKey, SessionToken string } `json:"credentials"`
	} `json:"upload_methods"`

	s    *simulator.Simulator
	name string
	data string
}

func md5Of(s string) string {
	sum := md5.Sum([]byte(s))
	return hex.EncodeToString(sum[:])
}

func newUpload(t *testing.T, s *simulator.Simulator, name, data string) *upload {
	t.Helper()
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	body := fmt.Sprintf(`{"objects":[{"name":%q,"size":%d,"mime_type":"application/bam","checksums":[{"checksum":%q,"type":"md5"}],"description":null,"aliases":[]}]}`,
		name, len(data), md5Of(data))
	got := send(s, "POST", genomic+"upload-request", body, "apikey", apiKey)
	wantStatus(t, got, 200)
	var answer struct{ Objects map[string]*upload }
	if err := json.Unmarshal([]byte(got.body), &answer); err != nil || answer.Objects[name] == nil {
		t.Fatalf("%v: %s", err, got.body)
	}
	u := answer.Objects[name]
	u.s, u.name, u.data = s, name, data
	return u
}

// put is a request to the second host with the upload's credentials; headers in pairs.
func (u *upload) put(method, query, body string, headers ...string) reply {
	key := strings.TrimPrefix(u.Methods[0].URL.URL, "s3://")
	c := u.Methods[0].Creds
	r := httptest.NewRequest(method, bucketHost+"/"+key+query, strings.NewReader(body))
	r.Header.Set("Authorization", "AWS4-HMAC-SHA256 Credential="+c.AccessKeyID+
		"/20260102/eu-west-2/s3/aws4_request, SignedHeaders=host;x-amz-date, Signature=0123")
	r.Header.Set("X-Amz-Security-Token", c.SessionToken)
	for i := 0; i+1 < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
		if headers[i+1] == "" {
			r.Header.Del(headers[i])
		}
	}
	if headers == nil || headers[0] != "path" {
		return serve(u.s.Bucket(), r)
	}
	r.URL.Path = headers[1]
	return serve(u.s.Bucket(), r)
}

// object is what a client posts to DRS after the upload.
func (u *upload) object(change func(o map[string]any)) string {
	o := map[string]any{
		"id": u.ID, "self_uri": u.SelfURI, "name": u.name, "size": len(u.data), "mime_type": "application/bam",
		"created_time": nil, "checksums": []any{map[string]string{"type": "md5", "checksum": md5Of(u.data)}},
		"access_methods": []any{map[string]any{"type": "s3", "access_id": "s3", "access_url": map[string]any{"url": u.Methods[0].URL.URL, "headers": []string{}}}},
	}
	change(o)
	b, err := json.Marshal(o)
	if err != nil {
		panic(err)
	}
	return string(b)
}

func (u *upload) register(change func(o map[string]any)) reply {
	return send(u.s, "POST", drs+"objects", u.object(change), "apikey", apiKey)
}

func nothing(map[string]any) {}

// TestUpload: an object that was uploaded and registered is one like the others, with its index also for htsget.
func TestUpload(t *testing.T) {
	t.Parallel()
	s, auth := newGenomic(newClock(), nil)
	bam := string(example(t, sample+".bam"))
	u := newUpload(t, s, "mine.bam", bam)
	wantStatus(t, call(s, "GET", drs+"objects/"+u.ID, auth...), 404)
	if got := u.register(nothing); got.status != 400 {
		t.Errorf("registered without data: %d %s", got.status, got.body)
	}
	got := u.put("PUT", "", bam)
	wantStatus(t, got, 200)
	if got.header.Get("ETag") != `"`+md5Of(bam)+`"` {
		t.Errorf("ETag %s", got.header.Get("ETag"))
	}
	for name, change := range map[string]func(o map[string]any){
		"size":     func(o map[string]any) { o["size"] = 1 },
		"checksum": func(o map[string]any) { o["checksums"] = []any{map[string]string{"type": "md5", "checksum": "0"}} },
		"none":     func(o map[string]any) { o["checksums"] = nil },
		"methods":  func(o map[string]any) { o["access_methods"] = nil },
		"self_uri": func(o map[string]any) { o["self_uri"] = "drs://evil.example/genomic-data-access/" + u.ID },
		"id":       func(o map[string]any) { o["id"] = bamID },
	} {
		if got := u.register(change); got.status != 400 || got.field("msg") == "" {
			t.Errorf("registered with another %s: %d %s", name, got.status, got.body)
		}
	}
	wantStatus(t, u.register(nothing), 201)
	wantStatus(t, u.register(nothing), 409)
	wantStatus(t, u.put("PUT", "", "other"), 403)

	wantStatus(t, call(s, "GET", drs+"objects/"+u.ID, auth...), 200)
	if got := follow(s, "GET", link(t, s, u.ID), "Range", "bytes=3-"); got.status != 206 || got.body != bam[3:] {
		t.Errorf("status %d, %d bytes", got.status, len(got.body))
	}
	wantStatus(t, call(s, "GET", htsget+"reads/"+u.ID, auth...), 404)
	index := newUpload(t, s, "mine.bam.bai", string(example(t, sample+".bam.bai")))
	wantStatus(t, index.put("PUT", "", index.data), 200)
	wantStatus(t, index.register(nothing), 201)
	tk := ask(t, s, htsget+"reads/"+u.ID+"?referenceName=chr2", auth...)
	if n := len(bamReads(t, assemble(t, s, tk))); n != 300 {
		t.Errorf("%d reads", n)
	}
}

// TestUploadRefused: only the credentials of this object's upload-request are good.
func TestUploadRefused(t *testing.T) {
	t.Parallel()
	s, auth := newGenomic(newClock(), nil)
	u, other := newUpload(t, s, "a.bam", "data"), newUpload(t, s, "b.bam", "data")
	key := func(u *upload) string { return strings.TrimPrefix(u.Methods[0].URL.URL, "s3:/") }
	sum := sha256.Sum256([]byte("other"))
	tests := []struct {
		name, method, query string
		headers             []string
		status              int
		code                string
	}{
		{"no token", "PUT", "", []string{"X-Amz-Security-Token", ""}, 400, "InvalidToken"},
		{"another token", "PUT", "", []string{"X-Amz-Security-Token", other.Methods[0].Creds.SessionToken}, 400, "InvalidToken"},
		{"no signature", "PUT", "", []string{"Authorization", "AWS4-HMAC-SHA256 Credential=" + u.Methods[0].Creds.AccessKeyID + "/x"}, 400, "AuthorizationHeaderMalformed"},
		{"unknown key", "PUT", "", []string{"Authorization", "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/x, Signature=0"}, 403, "InvalidAccessKeyId"},
		{"no key", "PUT", "", []string{"Authorization", "AWS4-HMAC-SHA256 "}, 403, "InvalidAccessKeyId"},
		{"nothing", "PUT", "", []string{"Authorization", ""}, 403, "AccessDenied"},
		{"the API's token", "PUT", "", []string{"Authorization", "Bearer x"}, 400, "InvalidArgument"},
		{"another object", "PUT", "", []string{"path", key(other)}, 403, "AccessDenied"},
		{"an example", "PUT", "", []string{"path", "/simulated-genomic-data/" + bamID + "/" + sample + ".bam"}, 403, "AccessDenied"},
		{"read", "GET", "", nil, 403, "AccessDenied"},
		{"list", "GET", "", []string{"path", "/simulated-genomic-data/"}, 403, "AccessDenied"},
		{"delete", "DELETE", "", nil, 403, "AccessDenied"},
		{"another sum", "PUT", "", []string{"X-Amz-Content-Sha256", hex.EncodeToString(sum[:])}, 400, "XAmzContentSHA256Mismatch"},
		{"another MD5", "PUT", "", []string{"Content-MD5", "AAAAAAAAAAAAAAAAAAAAAA=="}, 400, "BadDigest"},
		{"no such upload", "PUT", "?partNumber=1&uploadId=x", nil, 404, "NoSuchUpload"},
		{"part 0", "PUT", "?partNumber=0&uploadId=x", nil, 400, "InvalidArgument"},
		{"no list", "POST", "?uploadId=x", nil, 400, "MalformedXML"},
		{"abort nothing", "DELETE", "?uploadId=x", nil, 404, "NoSuchUpload"},
	}
	for _, tt := range tests {
		got := u.put(tt.method, tt.query, "data", tt.headers...)
		if got.status != tt.status || !strings.Contains(got.body, "<Code>"+tt.code+"</Code>") {
			t.Errorf("%s: %d %s", tt.name, got.status, got.body)
		}
	}
	for _, body := range []string{
		"", "[]", "{}", `{"objects":[]}`, `{"objects":[{"name":"x"}]}`,
		`{"objects":[{"name":"../x","size":1,"mime_type":"x","checksums":[{"type":"md5","checksum":"0"}]}]}`,
		`{"objects":[{"name":"..","size":1,"mime_type":"x","checksums":[{"type":"md5","checksum":"0"}]}]}`,
		`{"objects":[{"name":"x","size":-1,"mime_type":"x","checksums":[{"type":"md5","checksum":"0"}]}]}`,
	} {
		got := send(s, "POST", genomic+"upload-request", body, auth...)
		if got.status != 400 || got.field("msg") == "" {
			t.Errorf("upload-request %s: %d %s", body, got.status, got.body)
		}
	}
	wantStatus(t, send(s, "POST", genomic+"upload-request", "{}"), 401)
	wantStatus(t, call(s, "GET", genomic+"upload-request", auth...), 404)
}

func TestUploadExpires(t *testing.T) {
	t.Parallel()
	c := newClock()
	s, _ := newGenomic(c, nil)
	u := newUpload(t, s, "a.bam", "data")
	c.Advance(time.Hour)
	if got := u.put("PUT", "", "data"); got.status != 400 || !strings.Contains(got.body, "ExpiredToken") {
		t.Errorf("%d %s", got.status, got.body)
	}
}

// TestUploadForms: S3's chunks, and an upload in parts, which clients send for large files.
func TestUploadForms(t *testing.T) {
	t.Parallel()
	s, _ := newGenomic(newClock(), nil)
	u := newUpload(t, s, "a.bam", "one two three")
	chunks := "8;chunk-signature=00\r\none two \r\n5;chunk-signature=00\r\nthree\r\n0;chunk-signature=00\r\nx-amz-checksum-crc32:AAAAAA==\r\n\r\n"
	got := u.put("PUT", "", chunks, "X-Amz-Content-Sha256", "STREAMING-UNSIGNED-PAYLOAD-TRAILER", "Content-Encoding", "aws-chunked")
	wantStatus(t, got, 200)
	if want := `"` + md5Of(u.data) + `"`; got.header.Get("ETag") != want {
		t.Errorf("ETag %s, want %s", got.header.Get("ETag"), want)
	}

	begun := u.put("POST", "?uploads", "")
	wantStatus(t, begun, 200)
	var begin struct {
		ID string `xml:"UploadId"`
	}
	if err := xml.Unmarshal([]byte(begun.body), &begin); err != nil || begin.ID == "" {
		t.Fatalf("%v: %s", err, begun.body)
	}
	at := "uploadId=" + begin.ID
	for number, data := range map[int]string{3: "three", 1: "zero", 2: "two "} {
		wantStatus(t, u.put("PUT", fmt.Sprintf("?partNumber=%d&%s", number, at), data), 200)
	}
	wantStatus(t, u.put("PUT", "?partNumber=1&"+at, "one "), 200) // again
	list := func(parts ...any) string {
		var b strings.Builder
		for i := 0; i+1 < len(parts); i += 2 {
			fmt.Fprintf(&b, "<Part><PartNumber>%d</PartNumber><ETag>&quot;%s&quot;</ETag></Part>", parts[i], md5Of(parts[i+1].(string)))
		}
		return `<CompleteMultipartUpload xmlns="http://s3.amazonaws.com/doc/2006-03-01/">` + b.String() + "</CompleteMultipartUpload>"
	}
	for body, code := range map[string]string{
		list(1, "zero"):            "InvalidPart",
		list(4, "four"):            "InvalidPart",
		list(2, "two ", 1, "one "): "InvalidPartOrder",
		list():                     "MalformedXML",
	} {
		if got := u.put("POST", "?"+at, body); got.status != 400 || !strings.Contains(got.body, "<Code>"+code+"</Code>") {
			t.Errorf("%s: %d %s", code, got.status, got.body)
		}
	}
	wantStatus(t, u.put("POST", "?"+at, list(1, "one ", 2, "two ", 3, "three")), 200)
	wantStatus(t, u.put("POST", "?"+at, list(1, "one ")), 404)
	wantStatus(t, u.register(nothing), 201)
	if got := follow(s, "GET", link(t, s, u.ID)); got.body != u.data {
		t.Errorf("data %q", got.body)
	}

	v := newUpload(t, s, "b.bam", "")
	if err := xml.Unmarshal([]byte(v.put("POST", "?uploads", "").body), &begin); err != nil {
		t.Fatal(err)
	}
	wantStatus(t, v.put("PUT", "?partNumber=1&uploadId="+begin.ID, "x"), 200)
	wantStatus(t, v.put("DELETE", "?uploadId="+begin.ID, ""), 204)
	wantStatus(t, v.put("DELETE", "?uploadId="+begin.ID, ""), 404)
}
